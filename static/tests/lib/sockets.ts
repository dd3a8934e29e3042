/** A websocket whose other end is the test. */

import type { Socket } from '../../src/lib/stream';

export class FakeSocket implements Socket {
  static opened: FakeSocket[] = [];
  binaryType: BinaryType = 'blob';
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;

  constructor(readonly url: string) {
    FakeSocket.opened.push(this);
  }

  static get last(): FakeSocket {
    const socket = FakeSocket.opened.at(-1);
    if (socket === undefined) throw new Error('nothing was opened');
    return socket;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.(new Event('open'));
  }

  receive(message: object | ArrayBuffer): void {
    const data = message instanceof ArrayBuffer ? message : JSON.stringify(message);
    this.onmessage?.(new MessageEvent('message', { data }));
  }

  /** The server says goodbye; `onclose` comes a moment later. */
  part(): void {
    this.readyState = WebSocket.CLOSING;
  }

  /** The connection breaks. */
  drop(): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.(new CloseEvent('close'));
  }

  /** Messages of one type that the page has sent. */
  of(type: string): Record<string, unknown>[] {
    return this.sent.filter((message) => message['type'] === type);
  }
}

export const welcome = (changes: object = {}): object => ({
  type: 'welcome',
  protocol: 1,
  version: '1',
  session: 'abc',
  token: 'secret',
  can_edit: true,
  limits: { parameters: 1, units: 1, samples: 1, message_bytes: 1 },
  ...changes,
});
