/**
 * The websocket to the server as an explicit state machine.
 *
 *     connecting ──welcome──▶ open ──lost──▶ reconnecting ──timer──▶ connecting
 *         └──────fatal problem──▶ refused          any ──close()──▶ closed
 *
 * A frame that arrives is handed on undecoded to `onFrame`; control messages are JSON.
 */

import { PROTOCOL_VERSION } from './protocol';
import type { ClientMessage, Hello, Problem, Reply, ServerMessage } from './protocol';

export { decode, valueAt, FrameError } from './frame';
export type { Frame, TensorView } from './frame';

export type Connection =
  | { name: 'connecting' }
  | { name: 'open' }
  | { name: 'reconnecting'; attempt: number; seconds: number }
  | { name: 'refused'; problem: Problem }
  | { name: 'closed' };

/** A command without its `request` number, which the stream adds. */
export type Order = WithoutRequest<Extract<ClientMessage, { request: number }>>;
type WithoutRequest<Message> = Message extends unknown ? Omit<Message, 'request'> : never;

/** What the stream needs of a websocket; a test passes its own. */
export interface Socket {
  binaryType: BinaryType;
  readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface StreamOptions {
  url: string;
  /** What to say first, asked anew at each connection so that it knows what was last seen. */
  hello: () => Omit<Hello, 'type' | 'protocol'>;
  onState: (connection: Connection) => void;
  onMessage: (message: ServerMessage) => void;
  onFrame: (buffer: ArrayBuffer) => void;
  openSocket?: (url: string) => Socket;
}

/** A command that the server refused; `problem` says why. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message.en);
  }
}

export const CONNECTION_LOST: Problem = {
  code: 'connection_lost',
  where: 'connection',
  message: { en: 'The connection to the server was lost.', zh: '与服务器的连接已断开。' },
  hint: {
    en: 'The page reconnects by itself; try again then.',
    zh: '页面会自动重新连接，请稍后再试。',
  },
  value: null,
  allowed: null,
};

const FIRST_WAIT_SECONDS = 0.5;
const LONGEST_WAIT_SECONDS = 10;

/** Seconds to wait before reconnection `attempt` (from 1): doubling, at most ten. */
export function waitBefore(attempt: number): number {
  return Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1));
}

interface Pending {
  resolve: (reply: Reply) => void;
  reject: (reason: Refusal) => void;
}

export class Stream {
  #socket: Socket | null = null;
  #connection: Connection = { name: 'closed' };
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request = 0;
  #pending = new Map<number, Pending>();

  constructor(private readonly options: StreamOptions) {}

  get connection(): Connection {
    return this.#connection;
  }

  /** Connect, or connect again at once when waiting or refused. */
  connect(): void {
    clearTimeout(this.#timer);
    this.#drop();
    this.#change({ name: 'connecting' });
    const open = this.options.openSocket ?? ((url: string): Socket => new WebSocket(url));
    const socket = open(this.options.url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      const message = { type: 'hello', protocol: PROTOCOL_VERSION, ...this.options.hello() };
      socket.send(JSON.stringify(message));
    };
    socket.onmessage = (event) => {
      if (event.data instanceof ArrayBuffer) this.options.onFrame(event.data);
      else this.#receive(JSON.parse(String(event.data)) as ServerMessage);
    };
    socket.onclose = () => this.#lose();
    this.#socket = socket;
  }

  /** Close for good. */
  close(): void {
    clearTimeout(this.#timer);
    this.#drop();
    this.#change({ name: 'closed' });
  }

  /** Send a message that isn't answered; lost when there is no open connection. */
  tell(message: Exclude<ClientMessage, { request: number } | { type: 'hello' }>): void {
    if (this.#canSend()) this.#socket?.send(JSON.stringify(message));
  }

  /**
   * Send a command; resolves with the server's answer when it has been carried out.
   *
   * @throws Refusal with the server's reason, or when the connection is lost meanwhile.
   */
  command(order: Order): Promise<Reply> {
    if (!this.#canSend()) return Promise.reject(new Refusal(CONNECTION_LOST));
    this.#request += 1;
    const request = this.#request;
    return new Promise((resolve, reject) => {
      this.#pending.set(request, { resolve, reject });
      this.#socket?.send(JSON.stringify({ ...order, request }));
    });
  }

  /** Between the server's goodbye and `onclose` a socket refuses what it is given. */
  #canSend(): boolean {
    return this.#connection.name === 'open' && this.#socket?.readyState === WebSocket.OPEN;
  }

  #receive(message: ServerMessage): void {
    if (message.type === 'reply') {
      const pending = this.#pending.get(message.request);
      this.#pending.delete(message.request);
      if (message.problem) pending?.reject(new Refusal(message.problem));
      else pending?.resolve(message);
      return;
    }
    if (message.type === 'problem' && message.fatal) {
      this.#refuse(message.problem);
      return;
    }
    if (message.type === 'welcome') {
      this.#attempt = 0;
      this.#change({ name: 'open' });
    }
    this.options.onMessage(message);
  }

  #refuse(problem: Problem): void {
    this.#drop();
    this.#change({ name: 'refused', problem });
  }

  #lose(): void {
    this.#drop();
    this.#attempt += 1;
    const seconds = waitBefore(this.#attempt);
    this.#change({ name: 'reconnecting', attempt: this.#attempt, seconds });
    this.#timer = setTimeout(() => this.connect(), seconds * 1000);
  }

  #drop(): void {
    if (this.#socket !== null) {
      this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = null;
    }
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of lost) pending.reject(new Refusal(CONNECTION_LOST));
  }

  #change(connection: Connection): void {
    this.#connection = connection;
    this.options.onState(connection);
  }
}
