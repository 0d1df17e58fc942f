// website: serves the files of a tar archive on its block device by HTTP/1.1.
import * as guest from '../../libos/guest';
import * as http from '../../libos/http/server';
import { Stack } from '../../libos/iface/stack';
import * as level from '../../libos/log/level';
import * as line from '../../libos/log/line';
import * as logger from '../../libos/log/logger';
import { openStore } from '../../libos/shell/block';
import { serve } from '../../libos/shell/http';
import * as network from '../../libos/shell/network';
import * as services from '../../libos/shell/services';
import { registerSite } from '../../libos/shell/site-metrics';
import { words as rulesWords } from '../../libos/http/rules';
import { words } from '../../libos/store/store';
import { tcpOf } from '../../libos/socket/tcp';
import { Options, readOptions } from './options';

/** EX_DATAERR of sysexits(3): the archive cannot be served. */
const DATA: i32 = 65;
/** What of the memory is for the archive's index and its cache, for TCP's buffers; the rest is for everything else. */
const STORE_PART: u32 = 3;
const BUFFER_PART: u32 = 3;
/** Bytes of memory that a client costs at the least, with its buffers. */
const CLIENT: u32 = 24576;
/** More clients than this are refused however much memory there is. */
const CLIENTS: u32 = 8192;

let site!: http.Site;
let source: u32 = 0;
let access: u32 = 0;
let port: u32 = 0;
/** Where the lines of the access log are counted. */
const lines: usize = memory.data(8);
/** Nanoseconds it took to index the archive. */
let took: u64 = 0;

function turn(stack: Stack, wall: u64): u64 {
  site.wall = wall;
  return services.turn(stack);
}

function logAccess(text: usize, size: u32): void {
  if (!logger.begin(access, level.INFO)) return;
  store<u64>(lines, load<u64>(lines) + 1);
  line.bytes(text, size);
  logger.end();
}

/** The interface has an address: says where the site is. */
function announce(stack: Stack): void {
  if (!logger.begin(source, level.INFO)) return;
  line.text('ready: ');
  line.number(site.store.files);
  line.text(site.store.files == 1 ? ' file at ' : ' files at ');
  if (stack.address != 0) {
    line.text('http://');
    line.ipv4(stack.address);
    if (port != 80) {
      line.text(':');
      line.number(port);
    }
    line.text('/');
  } else {
    line.text('port ');
    line.number(port);
  }
  line.text(', MAC ');
  line.mac(stack.mac);
  line.text(', indexed in ');
  line.number(took / 1000);
  line.text(' us');
  logger.end();
}

export function main(): i32 {
  const options = readOptions();
  if (options.network.exit >= 0) return options.network.exit;
  source = logger.source('website');
  access = logger.source('http');
  if (!services.hasSources(options.network, 'website, http')) return options.network.exit;
  logger.setTime(guest.clockWall());
  const started = guest.clockMonotonic();
  const archive = openStore('data', guest.memoryLimit() / STORE_PART);
  if (archive.status != 0) {
    logger.say(source, level.ERROR, words(archive));
    return DATA;
  }
  const limits = new http.Limits();
  limits.clients = min(guest.memoryLimit() / 2 / CLIENT, CLIENTS);
  limits.heads = guest.memoryLimit() / 16;
  site = http.openSite(archive, limits);
  if (site.rules.status != 0) {
    logger.say(source, level.ERROR, rulesWords(site.rules));
    return DATA;
  }
  site.wall = guest.clockWall();
  if (logger.wants(access, level.INFO) && options.logsAccess) site.log = logAccess.index;

  const stack = network.open('service');
  const sockets = tcpOf(stack);
  sockets.memory = guest.memoryLimit() / BUFFER_PART;
  sockets.connectionsMax = limits.clients + limits.clients / 2;
  port = options.port;
  serve(sockets, site, port);
  took = guest.clockMonotonic() - started;
  services.start(stack, options.network, announce.index);
  if (options.network.metricsPort != 0) registerSite(site, lines);
  return network.run(stack, turn.index, source);
}
