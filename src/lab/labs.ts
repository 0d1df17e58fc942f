// Joins the parts, boxes and terminal of this page to the session with the lab server.
import css from '../styles/run.css?inline';
import { Announcer } from './announcer.ts';
import { BoxView } from './box-view.ts';
import { Dock } from './dock.ts';
import { make } from './dom.ts';
import { Notice } from './notice.ts';
import { PartView } from './part-view.ts';
import { Session } from './session.ts';
import { nextStep, type Step } from './steps.ts';
import { machineWords } from './words.ts';

/** Elapsed seconds and the time to the next try are told so often. */
const TICK_MS = 500;

export function begin(token: string): void {
  const parts = [...document.querySelectorAll<HTMLElement>('.lab-part')].map((one) => new PartView(one));
  if (parts.length === 0) return;
  document.head.append(make('style', {}, css));
  const boxes = [...document.querySelectorAll<HTMLElement>('.lab-run')].map((one) => new BoxView(one));
  const labs = new Map<string, Step[]>();
  for (const { lab, step } of parts) labs.set(lab, [...(labs.get(lab) ?? []), step]);
  for (const steps of labs.values()) steps.sort((a, b) => a.number - b.number);
  const stepsOf = (lab: string): readonly Step[] => labs.get(lab) ?? [];
  const viewOf = (lab: string, name: string): PartView | undefined =>
    parts.find((one) => one.lab === lab && one.step.name === name);

  const announcer = new Announcer();
  const notice = new Notice();
  let machine = '';

  const update = (): void => {
    const now = Date.now();
    for (const part of parts) part.update(session, stepsOf(part.lab), now);
    for (const box of boxes) box.update(session, stepsOf(box.lab), now);
    dock.update(session, now);
    notice.update(session);
  };

  const session: Session = new Session(token, {
    onChange: () => {
      const { state } = session.machine;
      if (
        state !== machine &&
        (state === 'waiting' || state === 'ended' || (state === 'ready' && machine !== ''))
      )
        announcer.say(machineWords(session.machine));
      machine = state;
      update();
    },
    onStarted: (lab, part) => viewOf(lab, part)?.started(),
    onOutput: (lab, part, text) => viewOf(lab, part)?.printed(text),
    onEnded: (lab, ended) => {
      const view = viewOf(lab, ended.part);
      if (!view) return;
      const words = view.ended(ended, session, stepsOf(lab));
      announcer.say(`Step ${view.step.number}, ${view.step.name}: ${words}`);
    },
    onThere: (lab, part) => {
      const view = viewOf(lab, part);
      if (part === '') return;
      view?.there();
      announcer.say(`Your machine is as it is before step ${view?.step.number ?? ''}, ${part}`);
    },
    onRefused: (lab, part, what) => {
      const view = viewOf(lab, part);
      if (view) view.refused(what);
      else for (const box of boxes) if (box.lab === lab || lab === '') box.refused(what);
      announcer.say(what);
    },
    onScreenGone: () => dock.clear(),
    onScreen: (bytes) => dock.screen(bytes),
  });

  /** The lab a reader means who names none. */
  const meant = (): string =>
    session.lab !== undefined && labs.has(session.lab) ? session.lab : (parts[0]?.lab ?? '');
  const dock = new Dock({
    onType: (text) => session.type(text),
    onResize: (cols, rows) => session.resize(cols, rows),
    onStart: () => session.reset(meant()),
  });

  for (const part of parts) part.listen(session, stepsOf(part.lab));
  for (const box of boxes) box.listen(session, () => dock.enter());

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    // What is asked in a field or a dialog is not asked of the labs.
    if (event.target instanceof Element && event.target.closest('dialog, input, textarea')) return;
    const lab = meant();
    const next = nextStep(stepsOf(lab), session.notes(lab));
    const view = next && viewOf(lab, next.name);
    if (!view) return;
    event.preventDefault();
    view.focus();
    view.run(session, stepsOf(lab));
  });

  setInterval(() => {
    if (session.wish || session.link.state === 'lost') update();
  }, TICK_MS);
  session.begin();
}
