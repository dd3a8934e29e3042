/** What a visitor prefers, remembered in cookies so that the server can send the right first paint. */

export type ThemeChoice = 'system' | 'light' | 'dark';
export type Palette = 'standard' | 'colour_blind';

const YEAR_IN_SECONDS = 31_536_000;

export function readCookie(name: string): string | null {
  const found = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`));
  return found === undefined ? null : decodeURIComponent(found.slice(name.length + 1));
}

export function writeCookie(name: string, value: string): void {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${YEAR_IN_SECONDS}; samesite=lax`;
}

function oneOf<Value extends string>(found: string | null, allowed: readonly Value[], fallback: Value): Value {
  return allowed.find((value) => value === found) ?? fallback;
}

class Preferences {
  theme = $state<ThemeChoice>(oneOf(readCookie('neurarium_theme'), ['system', 'light', 'dark'], 'system'));
  palette = $state<Palette>(
    oneOf(readCookie('neurarium_palette'), ['standard', 'colour_blind'], 'standard'),
  );
  #systemIsDark = $state(false);

  constructor() {
    const query = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
    if (query === undefined) return;
    this.#systemIsDark = query.matches;
    query.addEventListener('change', (event) => (this.#systemIsDark = event.matches));
  }

  /** Whether the page is drawn dark now. */
  get dark(): boolean {
    return this.theme === 'dark' || (this.theme === 'system' && this.#systemIsDark);
  }

  setTheme(theme: ThemeChoice): void {
    this.theme = theme;
    writeCookie('neurarium_theme', theme);
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
    writeCookie('neurarium_palette', palette);
  }
}

export const preferences = new Preferences();
