// Where an orchestrator is asked from elsewhere.

/** The port of Albatross's endpoint. */
export const PORT = 1025;

/** `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`. @throws Error where it is none of them. */
export function address(
  option: string,
  text: string,
  usual = PORT,
): { readonly host: string; readonly port: number } {
  const found = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(found?.[3] ?? usual);
  if (!found || port > 65535)
    throw new Error(`option '${option}': '${text}' is no address; write HOST, HOST:PORT or [IPV6]:PORT`);
  return { host: found[1] ?? found[2] ?? '', port };
}
