/** What undo calls the edits of the panels. */

import type { Words } from '../lib/protocol';

export const LABELS = {
  batchSize: { en: 'Change batch size', zh: '修改批大小' },
  loss: { en: 'Change loss', zh: '修改损失函数' },
  optimizer: { en: 'Change optimizer', zh: '修改优化器' },
  regularization: { en: 'Change regularization', zh: '修改正则化' },
  source: { en: 'Choose data', zh: '选择数据' },
  sourceField: { en: 'Change data', zh: '修改数据' },
  points: { en: 'Edit points', zh: '编辑数据点' },
  split: { en: 'Change validation share', zh: '修改验证集比例' },
  preprocessing: { en: 'Change preprocessing', zh: '修改预处理' },
  reseed: { en: 'Reseed', zh: '更换随机种子' },
  example: { en: 'Open example', zh: '打开示例' },
  shared: { en: 'Open link', zh: '打开链接' },
} as const satisfies Record<string, Words>;
