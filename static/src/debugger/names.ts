/** What a number of a step is called. */

import { t } from '../lib/i18n.svelte';
import type { Quantity } from '../lib/protocol';

/** Such as “output 3 of hidden1”; numbers count from 1, as everywhere on the page. */
export function nameOfQuantity({ kind, layer = '', parameter = '', index = [] }: Quantity): string {
  const place = index.map((one) => one + 1).join(', ');
  switch (kind) {
    case 'loss':
      return t('quantity.loss');
    case 'parameter':
      return parameter === 'bias' ? t('quantity.bias', { place, layer }) : t('quantity.weight', { place, layer });
    case 'parameter_gradient':
      return parameter === 'bias'
        ? t('quantity.bias_gradient', { place, layer })
        : t('quantity.weight_gradient', { place, layer });
    default:
      return t(`quantity.${kind}`, { place, layer });
  }
}
