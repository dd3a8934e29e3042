/** Pictures that stay as they are. */

/**
 * The address of an image that `draw` has painted, for an `<img>`; empty where there are no canvases.
 *
 * A canvas in the page is a layer of its own, which the browser takes along in every frame of the whole
 * page; an image is not.
 */
export function still(width: number, height: number, draw: (canvas: HTMLCanvasElement) => void): string {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  if (canvas.getContext('2d') === null) return '';
  draw(canvas);
  return canvas.toDataURL();
}
