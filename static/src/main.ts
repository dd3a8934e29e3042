import { mount } from 'svelte';
import App from './App.svelte';
import { fetchCatalog, readBoot } from './lib/api';
import { notices } from './lib/notices.svelte';
import { readOpening } from './lib/opening';
import { session } from './lib/session.svelte';
import { Refusal } from './lib/stream';
import './styles/tokens.css';
import './styles/base.css';

const boot = readBoot();

async function connect(): Promise<void> {
  const { opening, trouble } = await readOpening(boot, location);
  const protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  session.start(opening, `${protocol}//${location.host}/api/stream`);
  if (trouble !== null) notices.show(trouble, null, 'problem');
}

async function loadCatalog(): Promise<void> {
  try {
    session.catalog = await fetchCatalog();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    notices.showProblem(error.problem);
  }
}

// The connection is under way before anything is drawn.
void connect();
void loadCatalog();

const target = document.getElementById('app');
if (target !== null) mount(App, { target, props: { boot } });
