/** What is selected on the canvas: a layer, one of its units, or one weight. */
export interface Selection {
  layer: string;
  unit?: number;
  /** `output` is the unit of `layer` that the weight leads to, `input` the number of its input. */
  weight?: { layer: string; output: number; input: number };
}
