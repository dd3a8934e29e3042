/** What goes on at the canvas for a moment: what is hovered, which menu is open, which layer has the focus. */

/** Something under the pointer whose number can be read. */
export type Hovered =
  | { type: 'unit'; layer: string; unit: number; x: number; y: number }
  | { type: 'bias'; layer: string; unit: number }
  | { type: 'weight'; layer: string; source: string; output: number; input: number }
  | { type: 'ribbon'; layer: string; source: string };

/** A place on the screen, in pixels. */
export interface ScreenPoint {
  x: number;
  y: number;
}

/** Where a layer chosen from the menu will go. */
export type Insertion = { edge: string } | { after: string };

/** A number being edited beside what it belongs to. */
export interface Editing {
  parameter: string;
  index: number[];
  label: string;
  value: number;
  at: ScreenPoint;
}

class CanvasState {
  hovered = $state.raw<Hovered | null>(null);
  pointer = $state.raw<ScreenPoint>({ x: 0, y: 0 });
  menu = $state.raw<{ insertion: Insertion; at: ScreenPoint } | null>(null);
  editing = $state.raw<Editing | null>(null);
  /** The layer that the Tab key stops at. */
  active = $state<string | null>(null);
  selectedEdge = $state<string | null>(null);
  /** The edge over which a layer from the palette is being dragged. */
  dropEdge = $state<string | null>(null);

  /** Forget what the pointer was on. */
  leave(): void {
    if (this.hovered !== null) this.hovered = null;
  }
}

export const canvas = new CanvasState();
