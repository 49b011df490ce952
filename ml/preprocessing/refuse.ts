/** Notes that nothing can be learnt from a column, and what to do; fitting tells every problem at once. */
export type Refuse = (column: string, message: string, cure: string) => void;
