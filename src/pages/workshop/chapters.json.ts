// /workshop/chapters.json: which page shows which part, for the presenter's view.
import type { APIRoute } from 'astro';
import { chapters } from '../../lib/chapters.ts';

export const GET: APIRoute = async () => Response.json(await chapters());
