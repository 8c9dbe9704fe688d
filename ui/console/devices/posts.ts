/** Where a device serves, in words. */
import { t } from '../text';
import type { Post } from './model';

/** A device without a post works on the bench and in this console, and nothing of the branch uses it. */
export const postsText = (posts: Post[] = []): string =>
  posts.length ? posts.map(({ kind, at }) => t(`post.${kind}`, { at: kind === 'window' ? at.replace('-', '–') : at })).join(t('post.and')) : t('post.none');
