// The command line of an image: words, of which those that begin with a hyphen are options.
import { argumentsRead, argumentsSize } from '../guest';

/** The words of a command line. An image asks for the options it knows; what nobody asked for is left over. */
export class Args {
  private words: string[] = [];
  private taken: bool[] = [];

  constructor(line: string) {
    const parts = line.split(' ');
    for (let i = 0; i < parts.length; i++) {
      if (parts[i].length == 0) continue;
      this.words.push(parts[i]);
      this.taken.push(false);
    }
  }

  /** Whether the word `name`, such as '--help', is there. */
  flag(name: string): bool {
    for (let i = 0; i < this.words.length; i++) {
      if (this.taken[i] || this.words[i] != name) continue;
      this.taken[i] = true;
      return true;
    }
    return false;
  }

  /** The value of `--name=value` or `--name value`, the last one if there are several; null without; '' if it is missing. */
  value(name: string): string | null {
    let found: string | null = null;
    const prefix = name + '=';
    for (let i = 0; i < this.words.length; i++) {
      if (this.taken[i]) continue;
      const word = this.words[i];
      if (word.startsWith(prefix)) {
        this.taken[i] = true;
        found = word.substring(prefix.length);
      } else if (word == name) {
        this.taken[i] = true;
        found = '';
        if (i + 1 < this.words.length && !this.words[i + 1].startsWith('-')) {
          this.taken[++i] = true;
          found = this.words[i];
        }
      }
    }
    return found;
  }

  /** The first word nobody asked for, null if there is none. With `optionsOnly` words that are no options do not count. */
  leftOver(optionsOnly: bool): string | null {
    for (let i = 0; i < this.words.length; i++) {
      if (!this.taken[i] && (!optionsOnly || this.words[i].startsWith('-'))) return this.words[i];
    }
    return null;
  }

  /** The words nobody asked for, with one space between them. */
  rest(): string {
    let joined = '';
    for (let i = 0; i < this.words.length; i++) {
      if (this.taken[i]) continue;
      if (joined.length > 0) joined += ' ';
      joined += this.words[i];
    }
    return joined;
  }
}

/** The command line the image was started with. */
export function commandLine(): Args {
  const bytes = new Uint8Array(<i32>argumentsSize());
  argumentsRead(bytes.dataStart);
  return new Args(String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length));
}
