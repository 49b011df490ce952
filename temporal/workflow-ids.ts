/** Names are made safe for URLs and shells; different recipes and view sets keep different ids. */
function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^-|-$/g, '');
}

/** One training per recipe runs at a time: a second start joins the first. */
export function trainWorkflowId(recipe: string): string {
  return `train-${slug(recipe.replace(/\.ya?ml$/, '').replace(/^(\.\/)?(recipes\/)?/, ''))}`;
}

/** One materialization per set of views runs at a time. */
export function materializeWorkflowId(views: readonly string[]): string {
  return `materialize-${viewSet(views)}`;
}

/** One backfill per set of views runs at a time; it may run beside their materialization. */
export function backfillWorkflowId(views: readonly string[]): string {
  return `backfill-${viewSet(views)}`;
}

/** Runs while a run is at work on the view. Names of views are free, ids go into addresses. */
export function viewHoldId(taskQueue: string, view: string): string {
  return `view-${encodeURIComponent(taskQueue)}-${encodeURIComponent(view)}`;
}

/** What a schedule starts; Temporal appends the time of the slot. */
export function scheduledWorkflowId(schedule: string): string {
  return `scheduled-${slug(schedule)}`;
}

function viewSet(views: readonly string[]): string {
  return views.length === 0 ? 'all' : slug([...views].sort().join('-'));
}
