import type { Described } from '../../../domain/features/definitions.ts';
import { RESERVED_TAG_PREFIX } from '../../../domain/features/validate-names.ts';

/** What Feast's messages have no field for, and we keep in a tag. */
export const OUR_TAGS = {
  /** Feature view: `asKnown`. */
  asKnown: `${RESERVED_TAG_PREFIX}as_known`,
  /** Feature: `owner`. */
  owner: `${RESERVED_TAG_PREFIX}owner`,
  /** Data source: `deletedColumn`. */
  deletedColumn: `${RESERVED_TAG_PREFIX}deleted_column`,
  /** Data source: `latenessSeconds`, in decimal digits. */
  latenessSeconds: `${RESERVED_TAG_PREFIX}lateness_seconds`,
  /** Feature service: what it takes of on-demand feature views, as JSON. */
  onDemand: `${RESERVED_TAG_PREFIX}on_demand`,
} as const;

interface DescribedMessage {
  description: string;
  owner?: string;
  tags: Record<string, string>;
}

/** Writes description, owner and tags, and the tags of ours that are given; a message without a field for the owner gets a tag. */
export function writeDescribed(message: DescribedMessage, described: Described, ours: Readonly<Record<string, string>> = {}): void {
  const { description = '', owner = '', tags = {} } = described;
  message.description = description;
  message.tags = { ...tags, ...ours };
  if (message.owner !== undefined) message.owner = owner;
  else if (owner !== '') message.tags[OUR_TAGS.owner] = owner;
}

/** Description, owner and tags without those of ours; what is empty is left out. */
export function readDescribed(message: DescribedMessage): Described {
  const owner = message.owner ?? message.tags[OUR_TAGS.owner] ?? '';
  const tags = Object.fromEntries(Object.entries(message.tags).filter(([tag]) => !tag.startsWith(RESERVED_TAG_PREFIX)));
  return {
    ...(message.description === '' ? {} : { description: message.description }),
    ...(owner === '' ? {} : { owner }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}
