// Which names the two formats take, and how they escape values; at set-up only.

/** Whether Prometheus takes the name: letters, digits and '_', not a digit first; of a metric also ':'. */
export function isName(name: string, colon: bool): bool {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
    const digit = c >= 0x30 && c <= 0x39;
    if (!letter && c != 0x5f && !(digit && i > 0) && !(colon && c == 0x3a)) return false;
  }
  return name.length > 0;
}

/** A help text of Prometheus: a backslash and a newline are escaped. */
export function prometheusHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** The value of a label, between its quotes. */
export function prometheusLabel(text: string): string {
  return prometheusHelp(text).replaceAll('"', '\\"');
}

/** A measurement of Influx's line protocol: commas and spaces are escaped. It has no way to write a newline. */
export function influxMeasurement(text: string): string {
  // A backslash at the end would escape what follows; there is no escape for the backslash itself.
  return text.replaceAll('\\', '/').replaceAll('\n', ' ').replaceAll(',', '\\,').replaceAll(' ', '\\ ');
}

/** The value of a tag: in addition '=' is escaped. */
export function influxTag(text: string): string {
  return influxMeasurement(text).replaceAll('=', '\\=');
}
