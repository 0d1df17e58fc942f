// What -l says, as MirageOS's images take it: a comma-separated list of LEVEL or *:LEVEL for everything and SOURCE:LEVEL for one source,
// as in *:info,dhcp:debug. `-` is another word for quiet there. Made at set-up; nothing is allocated later.
import * as level from './level';

/** Rules of a source count more than those for everything, later ones more than earlier ones. */
export class Thresholds {
  private sources: string[] = [];
  private levels: u32[] = [];
  everything: u32 = level.INFO;

  /** Takes what -l says; '' or what is wrong with it and what would be right. Then nothing is changed. */
  take(text: string): string {
    const parts = text.split(',');
    const sources: string[] = [];
    const levels: u32[] = [];
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      const colon = part.indexOf(':');
      const name = part.substring(colon + 1);
      const chosen = colon > 0 && name == '-' ? level.QUIET : level.levelOf(name);
      if (chosen == level.UNKNOWN || colon == 0) {
        return "'" + part + "': not LEVEL or SOURCE:LEVEL; levels are quiet, app, error, warning, info and debug";
      }
      sources.push(colon < 0 ? '*' : part.substring(0, colon));
      levels.push(chosen);
    }
    for (let i = 0; i < sources.length; i++) {
      if (sources[i] == '*') this.everything = levels[i];
      else {
        this.sources.push(sources[i]);
        this.levels.push(levels[i]);
      }
    }
    return '';
  }

  /** The level of `source`. */
  of(source: string): u32 {
    const at = this.sources.lastIndexOf(source);
    return at < 0 ? this.everything : this.levels[at];
  }

  /** The first source that was named and is not among `known`, null if there is none. */
  stranger(known: string[]): string | null {
    for (let i = 0; i < this.sources.length; i++) if (!known.includes(this.sources[i])) return this.sources[i];
    return null;
  }
}
