/** The search attributes that the namespace needs, with their Temporal types: runs are found by them in the web UI. */
export const SEARCH_ATTRIBUTE_TYPES = { Recipe: 'Keyword', FeatureView: 'Keyword', RunId: 'Keyword', Stage: 'Keyword' } as const;
