import type { MediaDownload } from './media-hop.ts';
import { MediaRefusal } from './media-hop.ts';

/** Where addresses cannot be looked up and pinned, nothing is fetched: a host name might lead into a private network. */
export const download: MediaDownload = async () => {
  throw new MediaRefusal('this runtime cannot check where its host leads; give a data URI');
};
