/** What the page says of what happens to the session. */

import type { Status, Words } from './protocol';

export const EVENTS: Record<Status['status'], Words> = {
  running: { en: 'Training runs.', zh: '训练进行中。' },
  paused: { en: 'Training is paused.', zh: '训练已暂停。' },
  diverged: { en: 'Training has diverged and stopped.', zh: '训练已发散并停止。' },
};

export const UNREADABLE: Words = { en: 'A picture from the server could not be read.', zh: '无法读取服务器传来的画面。' };
export const RELOAD: Words = { en: 'Reload the page.', zh: '请重新加载页面。' };
