// xterm.js as the page's terminal: in the page's colours, readable by a screen reader, left by Shift+Tab. Loaded when it is opened.
import { FitAddon } from '@xterm/addon-fit';
import { Terminal, type ITheme } from '@xterm/xterm';
import css from '@xterm/xterm/css/xterm.css?inline';
import { make } from './dom.ts';

/** Lines kept above the screen. */
const SCROLLBACK = 5000;

export interface TerminalHandlers {
  readonly onType: (text: string) => void;
  readonly onResize: (cols: number, rows: number) => void;
  /** The reader leaves by the keyboard. */
  readonly onLeave: () => void;
}

export interface Screen {
  readonly write: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly focus: () => void;
  readonly clear: () => void;
}

/** The sixteen colours, by theme; what comes too near the background is moved away by xterm.js itself. */
const COLOURS: Readonly<Record<'dark' | 'light', ITheme>> = {
  dark: {
    black: '#5d6b78',
    red: '#f0908a',
    green: '#6fcf97',
    yellow: '#f2b866',
    blue: '#7fb4e8',
    magenta: '#c7a3e8',
    cyan: '#7fd1e0',
    white: '#c3cdd5',
  },
  light: {
    black: '#2b343b',
    red: '#a6322b',
    green: '#1c7c45',
    yellow: '#8a4b00',
    blue: '#1f5f9f',
    magenta: '#7a3fa0',
    cyan: '#1f6f87',
    white: '#5d6b78',
  },
};

function theme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ...COLOURS[document.documentElement.dataset['theme'] === 'light' ? 'light' : 'dark'],
    background: colour('--kw-terminal'),
    foreground: colour('--kw-terminal-text'),
    cursor: colour('--sl-color-accent'),
    cursorAccent: colour('--kw-terminal'),
    selectionBackground: colour('--sl-color-accent-low'),
  };
}

/** Puts a terminal into `place`, which decides its size. */
export function openTerminal(place: HTMLElement, { onType, onResize, onLeave }: TerminalHandlers): Screen {
  document.head.append(make('style', {}, css));
  const terminal = new Terminal({
    screenReaderMode: true,
    minimumContrastRatio: 4.5,
    scrollback: SCROLLBACK,
    cursorBlink: false,
    fontSize: 13,
    lineHeight: 1.25,
    fontFamily: getComputedStyle(place).fontFamily,
    theme: theme(),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  terminal.textarea?.setAttribute('aria-label', 'Terminal of your machine; Shift+Tab leaves it');
  // All other keys are the machine's; the way out is the one that leaves any field backwards.
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key === 'Tab' && event.shiftKey) {
      if (event.type === 'keydown') {
        event.preventDefault();
        onLeave();
      }
      return false;
    }
    // What is selected is copied, as elsewhere; without a selection, Ctrl+C interrupts.
    return !(event.ctrlKey && event.key === 'c' && terminal.hasSelection());
  });
  terminal.onData(onType);
  terminal.onResize(({ cols, rows }) => onResize(cols, rows));
  const refit = (): void => {
    if (place.clientHeight > 0) fit.fit();
  };
  new ResizeObserver(refit).observe(place);
  refit();
  onResize(terminal.cols, terminal.rows);
  new MutationObserver(() => (terminal.options.theme = theme())).observe(document.documentElement, {
    attributeFilter: ['data-theme'],
  });
  return {
    write: (bytes) => terminal.write(bytes),
    focus: () => terminal.focus(),
    clear: () => terminal.reset(),
  };
}
