// Tables of nftables as data, and the statements that make one of another. Applied together they are one transaction.

export interface Chain {
  readonly name: string;
  /** Where packets enter it, `type filter hook forward priority filter; policy accept;`; a chain that others jump to has none. */
  readonly base?: string;
  readonly rules: readonly string[];
}

export interface Table {
  readonly family: 'inet' | 'netdev';
  readonly name: string;
  readonly chains: readonly Chain[];
}

/** The table from nothing. */
export function creation({ family, name, chains }: Table): string[] {
  const table = `${family} ${name}`;
  return [
    `add table ${table}`,
    ...chains.map((chain) => addChain(table, chain)),
    ...chains.flatMap((chain) => addRules(table, chain.name, chain.rules)),
  ];
}

/** The table from what is in its place, whatever that is. */
export function replacement(table: Table): string[] {
  return [`delete table ${table.family} ${table.name}`, ...creation(table)];
}

/** The table from `old`, by as few statements as are readable: rules are appended, else their chain is written anew. */
export function difference(old: Table, next: Table): string[] {
  const table = `${next.family} ${next.name}`;
  const before = new Map(old.chains.map((chain) => [chain.name, chain]));
  const names = new Set(next.chains.map(({ name }) => name));
  if (next.chains.some(({ name, base }) => before.has(name) && before.get(name)?.base !== base))
    return replacement(next);
  return [
    ...next.chains.filter(({ name }) => !before.has(name)).map((chain) => addChain(table, chain)),
    ...next.chains.flatMap(({ name, rules }) => {
      const had = before.get(name)?.rules ?? [];
      if (had.every((rule, at) => rule === rules[at])) return addRules(table, name, rules.slice(had.length));
      return [`flush chain ${table} ${name}`, ...addRules(table, name, rules)];
    }),
    ...old.chains
      .filter(({ name }) => !names.has(name))
      .flatMap(({ name }) => [`flush chain ${table} ${name}`, `delete chain ${table} ${name}`]),
  ];
}

function addChain(table: string, { name, base }: Chain): string {
  return base === undefined ? `add chain ${table} ${name}` : `add chain ${table} ${name} { ${base} }`;
}

function addRules(table: string, chain: string, rules: readonly string[]): string[] {
  return rules.map((rule) => `add rule ${table} ${chain} ${rule}`);
}
