/** The page's own session, opened against a server that is the test. */

import { tick } from 'svelte';
import { canvas } from '../../src/graph/canvas.svelte';
import { i18n } from '../../src/lib/i18n.svelte';
import type { Layout, TensorLayout } from '../../src/lib/protocol';
import type { Catalog } from '../../src/lib/rest';
import { session } from '../../src/lib/session.svelte';
import { planeExperiment, planeLayout } from '../lib/layouts';
import { FakeSocket, welcome } from '../lib/sockets';
import { kinds } from './kinds';

let address = 0;

function layout(): Layout {
  const more: TensorLayout[] = [
    { layer: 'answer', quantity: 'weights', shape: [1, 2], dtype: 'float32' },
    { layer: 'hidden', quantity: 'bias', shape: [2], dtype: 'float32' },
  ];
  const plain = planeLayout();
  return { ...plain, tensors: [...plain.tensors, ...more] };
}

/** A session with the network of `planeExperiment` that may be edited; returns the server's end of it. */
export async function openSession(): Promise<FakeSocket> {
  address += 1;
  i18n.setLanguage('en');
  const rest = { activation: [], initializer: [], loss: [], optimizer: [], preprocessing: [], source: [], task: [], condition: [], watch: [] };
  session.catalog = { ...rest, layer: [...kinds.values()] } satisfies Catalog;
  session.selection = null;
  session.problem = null;
  canvas.menu = null;
  canvas.editing = null;
  const opening = { preset: null, experiment: planeExperiment(), pace: null, address: `?graph=${address}` };
  session.start(opening, 'ws://test', (url) => new FakeSocket(url));
  const socket = FakeSocket.last;
  socket.open();
  socket.receive(welcome({ session: `graph${address}` }));
  socket.receive({ type: 'experiment', revision: 1, experiment: planeExperiment() });
  socket.receive(layout());
  session.experiment = planeExperiment();
  await tick();
  return socket;
}
