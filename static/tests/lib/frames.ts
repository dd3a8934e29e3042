/** Binary frames built by hand, byte by byte, as the protocol describes them. */

import { FRAME, PROTOCOL_VERSION } from '../../src/lib/protocol';

const HEADER_BYTES = 64;
const RECORD_BYTES = 36;

export interface Sent {
  key: number;
  shape: number[];
  data: Float32Array | Uint8Array;
  low?: number;
  high?: number;
}

export interface Head {
  sequence?: number;
  revision?: number;
  flags?: number;
  step?: number;
  epoch?: number;
  metricsStep?: number;
  metrics?: [number, number, number, number, number, number];
}

const aligned = (offset: number): number => Math.ceil(offset / 8) * 8;

/** The bytes of a frame. */
export function encode(head: Head, tensors: Sent[] = []): ArrayBuffer {
  const starts: number[] = [];
  let end = HEADER_BYTES + tensors.length * RECORD_BYTES;
  for (const { data } of tensors) {
    starts.push(aligned(end));
    end = aligned(end) + data.byteLength;
  }
  const buffer = new ArrayBuffer(end);
  const view = new DataView(buffer);
  view.setUint8(0, PROTOCOL_VERSION);
  view.setUint8(1, FRAME);
  view.setUint16(2, tensors.length, true);
  view.setUint32(4, head.sequence ?? 1, true);
  view.setUint32(8, head.revision ?? 1, true);
  view.setUint32(12, head.flags ?? 0, true);
  view.setBigUint64(16, BigInt(head.step ?? 0), true);
  view.setFloat64(24, head.epoch ?? 0, true);
  view.setFloat64(32, head.metricsStep ?? NaN, true);
  for (const [index, value] of (head.metrics ?? new Array<number>(6).fill(NaN)).entries()) {
    view.setFloat32(40 + 4 * index, value, true);
  }
  for (const [index, tensor] of tensors.entries()) {
    writeRecord(view, HEADER_BYTES + index * RECORD_BYTES, tensor, starts[index] as number);
    const bytes = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    new Uint8Array(buffer, starts[index], tensor.data.byteLength).set(bytes);
  }
  return buffer;
}

function writeRecord(view: DataView, at: number, tensor: Sent, start: number): void {
  view.setUint16(at, tensor.key, true);
  view.setUint8(at + 2, tensor.data instanceof Float32Array ? 0 : 1);
  view.setUint8(at + 3, tensor.shape.length);
  for (let axis = 0; axis < 4; axis++) view.setUint32(at + 4 + 4 * axis, tensor.shape[axis] ?? 1, true);
  view.setFloat32(at + 20, tensor.low ?? 0, true);
  view.setFloat32(at + 24, tensor.high ?? 0, true);
  view.setUint32(at + 28, start, true);
  view.setUint32(at + 32, tensor.data.byteLength, true);
}
