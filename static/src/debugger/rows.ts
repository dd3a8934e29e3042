/** Reading the program of a step: its phases, and which number of which block a person points at. */

import type { Instruction, Operand, Quantity } from '../lib/protocol';

export type Phase = Instruction['phase'];

/** A run of instructions of one phase; `first` is the row that it begins with. */
export interface PhaseGroup {
  phase: Phase;
  first: number;
  rows: readonly Instruction[];
}

export function groupRows(rows: readonly Instruction[]): PhaseGroup[] {
  const groups: { phase: Phase; first: number; rows: Instruction[] }[] = [];
  rows.forEach((row, number) => {
    if (groups.at(-1)?.phase !== row.phase) groups.push({ phase: row.phase, first: number, rows: [] });
    groups.at(-1)?.rows.push(row);
  });
  return groups;
}

/** A shape for reading: `8 × 10`; a single number is `1`. */
export const shapeText = (shape: readonly number[]): string => (shape.length === 0 ? '1' : shape.join(' × '));

/** Shapes of what an instruction reads and fills: `8 × 4, 4 × 10 → 8 × 10`. */
export function shapesText({ inputs, outputs }: Pick<Instruction, 'inputs' | 'outputs'>): string {
  const list = (operands: readonly Operand[]): string => operands.map(({ shape }) => shapeText(shape)).join(', ');
  return inputs.length === 0 ? list(outputs) : `${list(inputs)} → ${list(outputs)}`;
}

/** Rows to have done so that `row` is the one just done; the last one of a step can only come next. */
export const rowsUntil = (row: number, count: number): number => Math.max(0, Math.min(row + 1, count - 1));

const GRADIENT = 'gradient:';
const TRANSPOSED = '.transposed';
/** The end of a block's name, and which number of a unit and sample it holds. */
const BY_UNIT: readonly (readonly [string, Quantity['kind']])[] = [
  ['.grad_output', 'output_gradient'],
  ['.grad_sums', 'sum_gradient'],
  ['.output', 'output'],
  ['.sums', 'sum'],
];

/** A number in the matrix that a block is shown as: its last axis runs over the columns. */
export interface Cell {
  row: number;
  column: number;
}

/** Place of element `flat` in an array of `shape`. */
function placeIn(shape: readonly number[], flat: number): number[] {
  const place: number[] = [];
  let rest = flat;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}

/** A vector is shown as one row or one column. */
const alongVector = ({ row, column }: Cell): number => row + column;

function ofParameter(kind: 'parameter' | 'parameter_gradient', key: string, shape: readonly number[], cell: Cell): Quantity {
  const dot = key.lastIndexOf('.');
  const index =
    shape.length < 2
      ? [alongVector(cell)]
      : [...placeIn(shape.slice(0, -1), cell.row), cell.column];
  return { kind, layer: key.slice(0, dot), parameter: key.slice(dot + 1), index, sample: null };
}

/**
 * Which number of the step in progress a cell of an operand is; null where nothing explains it.
 *
 * Blocks of units have the batch as their last axis; those that are transposed have it first.
 *
 * @param parameters names of blocks of parameters, such as `hidden1.weights`.
 * @param input name of the layer whose outputs are the samples.
 */
export function quantityOf(
  { block, shape }: Pick<Operand, 'block' | 'shape'>,
  cell: Cell,
  parameters: ReadonlySet<string>,
  input: string,
): Quantity | null {
  const nowhere = { layer: '', parameter: '', index: [] };
  if (block === 'report') return { kind: 'loss', ...nowhere, sample: null };
  if (block.endsWith('.losses')) return { kind: 'loss', ...nowhere, sample: alongVector(cell) };
  if (block.startsWith(GRADIENT)) return ofParameter('parameter_gradient', block.slice(GRADIENT.length), shape, cell);
  if (parameters.has(block)) return ofParameter('parameter', block, shape, cell);
  const isTransposed = block === 'inputs_by_sample' || block.endsWith(TRANSPOSED);
  const name = block === 'inputs_by_sample' ? `${input}.output` : isTransposed ? block.slice(0, -TRANSPOSED.length) : block;
  const found = BY_UNIT.find(([end]) => name.endsWith(end));
  if (found === undefined || shape.length < 2) return null;
  const [end, kind] = found;
  const unit = isTransposed ? placeIn(shape.slice(1), cell.column) : placeIn(shape.slice(0, -1), cell.row);
  const sample = isTransposed ? cell.row : cell.column;
  return { kind, layer: name.slice(0, -end.length), parameter: '', index: unit, sample };
}
