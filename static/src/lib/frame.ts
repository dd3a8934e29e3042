/** Binary frames: one header, one record a tensor, then the tensors' raw bytes. Decoding copies nothing. */

import {
  DIVERGED,
  FLOAT32,
  FRAME_HEADER_SIZE,
  PROTOCOL_VERSION,
  RUNNING,
  TENSOR_RECORD_SIZE,
  readFrameHeader,
  readTensorRecord,
} from './protocol';

export interface TensorView {
  key: number;
  shape: number[];
  dtype: 'float32' | 'uint8';
  data: Float32Array | Uint8Array;
  /** What a `uint8` element 0 and 255 stand for. */
  low: number;
  high: number;
}

export interface Frame {
  kind: number;
  sequence: number;
  revision: number;
  flags: number;
  running: boolean;
  diverged: boolean;
  step: number;
  epoch: number;
  /** The step at which the four metrics below were measured; NaN when never. */
  metricsStep: number;
  batchLoss: number;
  trainingLoss: number;
  trainingAccuracy: number;
  validationLoss: number;
  validationAccuracy: number;
  stepsPerSecond: number;
  tensors: Map<number, TensorView>;
}

/** A frame that can't be read; the connection is not to be trusted any further. */
export class FrameError extends Error {}

function readTensor(buffer: ArrayBuffer, view: DataView, at: number): TensorView {
  const record = readTensorRecord(view, at);
  const { key, low, high, offset, length } = record;
  if (offset + length > buffer.byteLength) throw new FrameError('a tensor ends after its frame');
  const shape = [record.size0, record.size1, record.size2, record.size3].slice(0, record.dimensions);
  const isFloat = record.dtype === FLOAT32;
  const size = shape.reduce((product, axis) => product * axis, isFloat ? Float32Array.BYTES_PER_ELEMENT : 1);
  if (length !== size) throw new FrameError('a tensor has another length than its shape says');
  const data = isFloat
    ? new Float32Array(buffer, offset, length / Float32Array.BYTES_PER_ELEMENT)
    : new Uint8Array(buffer, offset, length);
  return { key, shape, dtype: isFloat ? 'float32' : 'uint8', data, low, high };
}

/** The number of a frame and of the layout it belongs to, without decoding it; NaN when it is too short to say. */
export function headOf(buffer: ArrayBuffer): { revision: number; sequence: number } {
  if (buffer.byteLength < FRAME_HEADER_SIZE) return { revision: NaN, sequence: NaN };
  return readFrameHeader(new DataView(buffer), 0);
}

/**
 * The frame in `buffer`.
 *
 * @throws FrameError when it is truncated or of another protocol version.
 */
export function decode(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength < FRAME_HEADER_SIZE) throw new FrameError('shorter than its header');
  const view = new DataView(buffer);
  const header = readFrameHeader(view, 0);
  if (header.version !== PROTOCOL_VERSION) throw new FrameError('another protocol version');
  if (buffer.byteLength < FRAME_HEADER_SIZE + header.tensors * TENSOR_RECORD_SIZE) {
    throw new FrameError('records are missing');
  }
  const tensors = new Map<number, TensorView>();
  for (let index = 0; index < header.tensors; index++) {
    const tensor = readTensor(buffer, view, FRAME_HEADER_SIZE + index * TENSOR_RECORD_SIZE);
    tensors.set(tensor.key, tensor);
  }
  return {
    kind: header.kind,
    sequence: header.sequence,
    revision: header.revision,
    flags: header.flags,
    running: (header.flags & RUNNING) !== 0,
    diverged: (header.flags & DIVERGED) !== 0,
    step: header.step,
    epoch: header.epoch,
    metricsStep: header.metrics_step,
    batchLoss: header.batch_loss,
    trainingLoss: header.training_loss,
    trainingAccuracy: header.training_accuracy,
    validationLoss: header.validation_loss,
    validationAccuracy: header.validation_accuracy,
    stepsPerSecond: header.steps_per_second,
    tensors,
  };
}

/** The real number that element `index` of a tensor stands for. */
export function valueAt(tensor: TensorView, index: number): number {
  const raw = tensor.data[index] ?? NaN;
  return tensor.dtype === 'uint8' ? tensor.low + ((tensor.high - tensor.low) * raw) / 255 : raw;
}
