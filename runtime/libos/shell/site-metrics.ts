// The metrics of a site and its archive; to be registered after those of the network.
import { REFUSALS, label } from '../http/refusal';
import { Site } from '../http/site';
import { Cache } from '../store/cache';
import { Device } from '../store/device';
import { counter, gauge, labelled } from './metrics';

/** `lines` is where the lines of the access log are counted. */
export function registerSite(site: Site, lines: usize): void {
  const at = changetype<usize>(site);
  gauge('http_clients', 'Clients now', at + offsetof<Site>('clients'));
  counter('http_clients_total', 'Clients so far', at + offsetof<Site>('accepted'));
  counter('http_requests_total', 'Requests', at + offsetof<Site>('requests'));
  const classes = 'Responses by class';
  labelled('http_responses_total', classes, 'class', '1xx', at + offsetof<Site>('informational'));
  labelled('http_responses_total', classes, 'class', '2xx', at + offsetof<Site>('successful'));
  labelled('http_responses_total', classes, 'class', '3xx', at + offsetof<Site>('redirections'));
  labelled('http_responses_total', classes, 'class', '4xx', at + offsetof<Site>('clientErrors'));
  labelled('http_responses_total', classes, 'class', '5xx', at + offsetof<Site>('serverErrors'));
  counter('http_received_bytes_total', 'Bytes of requests', at + offsetof<Site>('bytesIn'));
  counter('http_sent_bytes_total', 'Bytes of responses', at + offsetof<Site>('bytesOut'));
  counter('http_head_hits_total', 'Responses whose head was kept', at + offsetof<Site>('headHits'));
  counter(
    'http_head_misses_total',
    'Responses whose head was written anew',
    at + offsetof<Site>('headMisses'),
  );
  counter('http_log_lines_total', 'Lines of the access log', lines);
  for (let i: u32 = 1; i < REFUSALS; i++) {
    labelled(
      'http_refusals_total',
      'Requests not answered with content',
      'reason',
      label(i),
      site.refusedTable + i * 8,
    );
  }
  const cache = changetype<usize>(site.store.cache);
  counter('store_hits_total', 'Pieces of the archive found in memory', cache + offsetof<Cache>('hits'));
  counter('store_misses_total', 'Pieces read from the device', cache + offsetof<Cache>('misses'));
  const device = changetype<usize>(site.store.device);
  counter('store_reads_total', 'Reads of the device', device + offsetof<Device>('reads'));
}
