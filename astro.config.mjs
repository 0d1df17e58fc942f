// The handbook's site. Sentences are in src/content/docs, commands in labs/, how code blocks are checked in ec.config.mjs.
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import starlightLinksValidator from 'starlight-links-validator';

export default defineConfig({
  outDir: 'build/site',
  cacheDir: 'build/astro',
  trailingSlash: 'always',
  server: { host: '127.0.0.1', port: 4321 },
  integrations: [
    starlight({
      title: 'Kittiwake',
      description: 'Run unikernels: an operator handbook whose every command is executed before you read it.',
      favicon: '/favicon.svg',
      customCss: ['./src/styles/theme.css'],
      components: { Search: './src/components/Search.astro' },
      // Links are written from the root, since it follows no others.
      plugins: [starlightLinksValidator()],
      pagination: true,
      lastUpdated: false,
      sidebar: [
        { label: 'Start here', link: '/start-here/' },
        { label: 'Run the labs in the page', link: '/start-here/run-in-the-page/' },
        { label: 'Take it along', link: '/start-here/offline/' },
        { label: 'Give a workshop', link: '/start-here/workshop/' },
        {
          label: 'Running hvt binaries',
          items: [
            { label: 'Run hello', link: '/hvt/hello/' },
            { label: 'When KVM is not there', link: '/hvt/without-kvm/' },
            { label: 'Disks', link: '/hvt/disks/' },
            { label: 'Images that are refused', link: '/hvt/refusals/' },
            { label: 'Stop a unikernel', link: '/hvt/stop/' },
            { label: 'When a unikernel fails', link: '/hvt/crash/' },
            { label: 'Snapshots', link: '/hvt/snapshots/' },
          ],
        },
        {
          label: 'Networking setup',
          items: [
            { label: 'A website without root', link: '/networking/rootless/' },
            { label: 'A tap, an address, and a ping', link: '/networking/first-steps/' },
            { label: 'The way into the world', link: '/networking/world/' },
            { label: 'IPv6', link: '/networking/ipv6/' },
            { label: 'A name instead of an address', link: '/networking/names/' },
          ],
        },
        {
          label: 'Tap and bridge',
          items: [
            { label: 'Two unikernels on one bridge', link: '/networking/bridge/' },
            { label: 'A bridge and the world', link: '/networking/uplink/' },
            { label: 'A firewall for the bridge', link: '/networking/firewall/' },
            { label: 'A bridge that stays', link: '/networking/permanent/' },
            { label: 'A network by one command', link: '/networking/managed/' },
            { label: 'A network that comes back', link: '/networking/restart/' },
            { label: 'A physical port by one command', link: '/networking/bridged/' },
            { label: 'Addresses from a DHCP server', link: '/networking/dhcp/' },
          ],
        },
        {
          label: 'Serving a website',
          items: [
            { label: 'Serve a website', link: '/website/serve/' },
            { label: 'What browsers ask for', link: '/website/browsers/' },
            { label: 'When a website does not start', link: '/website/refusals/' },
          ],
        },
        {
          label: 'Deploying with kittiwaked',
          items: [
            { label: 'Leave it to kittiwaked', link: '/deploying/daemon/' },
            { label: 'Give a unikernel a disk', link: '/deploying/blocks/' },
            { label: 'Certificates and a second person', link: '/deploying/certificates/' },
            { label: 'Deploy from another machine', link: '/deploying/remote/' },
            { label: 'A fleet in a file', link: '/deploying/fleet/' },
            { label: 'Ask by HTTP', link: '/deploying/http/' },
            { label: 'Coming from Albatross', link: '/deploying/albatross/' },
          ],
        },
        {
          label: 'Logs and metrics',
          items: [
            { label: 'Logs', link: '/observe/logs/' },
            { label: 'Metrics', link: '/observe/metrics/' },
            { label: 'Frames, counters and events', link: '/observe/captures/' },
          ],
        },
        {
          label: 'Troubleshooting',
          items: [
            { label: 'By symptom', link: '/troubleshooting/' },
            { label: 'When the tap does not fit', link: '/networking/refusals/' },
            { label: 'No answer', link: '/troubleshooting/no-answer/' },
            { label: 'No way out', link: '/troubleshooting/no-way-out/' },
            { label: 'It worked before, or elsewhere', link: '/troubleshooting/versions/' },
          ],
        },
        {
          label: 'Reference',
          items: [
            { label: 'The kittiwake command', link: '/reference/kittiwake/' },
            { label: 'Fleet files', link: '/reference/fleet/' },
            { label: 'The images and their arguments', link: '/reference/images/' },
            { label: 'What is not supported', link: '/reference/limits/' },
            { label: 'What doctor looks at', link: '/reference/doctor/' },
            { label: 'Exit status', link: '/reference/exit-status/' },
            { label: 'The tenders', link: '/reference/tenders/' },
            { label: 'Coming from Solo5', link: '/reference/solo5/' },
            { label: 'Tracing', link: '/reference/trace/' },
            { label: 'The network without root', link: '/reference/usernet/' },
            { label: 'What the tenders refuse', link: '/reference/refusals/' },
            { label: 'How this handbook is tested', link: '/reference/tested/' },
            { label: 'The evidence', link: '/reference/evidence/' },
          ],
        },
      ],
    }),
  ],
});
