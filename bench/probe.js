// Runs in the page before its own scripts. It counts the frames that the page has painted, and times
// a click until the picture that the click led to is on the canvas. It changes nothing.
//
// FRAME_FIELDS (byte offsets of a binary frame's header) stands in front of this script.
'use strict';
{
  const probe = { frames: 0, painted: 0, layout: null, waiting: null, pictures: [] };
  window.neurariumProbe = probe;
  const revisions = new Map();
  const sockets = new WeakSet();

  const hear = ({ data }) => {
    if (typeof data === 'string') {
      if (!data.includes('"type":"layout"')) return;
      const message = JSON.parse(data);
      if (message.type === 'layout') probe.layout = message;
    } else if (data instanceof ArrayBuffer) {
      const header = new DataView(data);
      const sequence = header.getUint32(FRAME_FIELDS.sequence, true);
      revisions.set(sequence, header.getUint32(FRAME_FIELDS.revision, true));
    }
  };

  // The page acknowledges a frame at the start of the animation frame in which it paints it; newer
  // frames replace one that has not been painted yet.
  const acknowledge = (sequence) => {
    probe.frames += 1;
    probe.painted = revisions.get(sequence) ?? probe.painted;
    for (const old of revisions.keys()) if (old <= sequence) revisions.delete(old);
  };

  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!sockets.has(this)) {
      sockets.add(this);
      this.addEventListener('message', hear);
    }
    if (typeof data === 'string' && data.includes('"type":"acknowledge"')) {
      acknowledge(JSON.parse(data).sequence);
    }
    return send.call(this, data);
  };

  /** Whether what is painted is the network in which `layer` has so many units. */
  probe.shows = (layer, units) =>
    probe.layout?.revision === probe.painted &&
    probe.layout.layers.find(({ name }) => name === layer)?.shape[0] === units;

  /** Time the next click until `layer`, in `selector`, is seen with `units`. */
  probe.watch = (selector, layer, units) => {
    probe.waiting = { selector, layer, units, drawn: 0, clicked: null };
  };

  document.addEventListener(
    'click',
    (event) => {
      // The event's own time: when the browser got the click, not when a script heard of it.
      if (probe.waiting !== null) probe.waiting.clicked ??= event.timeStamp;
    },
    { capture: true },
  );

  const timePaint = (canvas) => {
    const { waiting } = probe;
    if (waiting.clicked === null || !probe.shows(waiting.layer, waiting.units)) return;
    if (canvas.closest(waiting.selector) === null) return;
    waiting.drawn += 1;
    if (waiting.drawn < waiting.units) return;
    probe.waiting = null;
    // A picture is drawn inside an animation frame; a task posted there runs after that frame's
    // style, layout and paint.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => probe.pictures.push(performance.now() - waiting.clicked);
    port2.postMessage(null);
  };

  const drawing = CanvasRenderingContext2D.prototype;
  const { clearRect, drawImage } = drawing;
  // A layer's picture is cleared, and then every unit's part of it is drawn.
  drawing.clearRect = function (...words) {
    if (probe.waiting !== null && this.canvas.closest(probe.waiting.selector) !== null) probe.waiting.drawn = 0;
    return clearRect.apply(this, words);
  };
  drawing.drawImage = function (...words) {
    const result = drawImage.apply(this, words);
    if (probe.waiting !== null) timePaint(this.canvas);
    return result;
  };
}
