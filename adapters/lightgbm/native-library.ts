import koffi from 'koffi';
import { PipelineError } from '../../domain/errors.ts';

type Handle = unknown;

/** Data type codes of LightGBM's C interface. */
const FLOAT32 = 0;
const ROW_MAJOR = 1;

/**
 * The calls of LightGBM's C interface (c_api.h) that training needs. Each throws TRAINING_FAILED with LightGBM's own message when the library reports an error.
 * Handles are freed by their owner; a freed one must not be used again.
 */
export interface NativeLibrary {
  /** For the whole process, and not recorded in model files. */
  setMaxThreads(threads: number): void;
  /** Bins the rows; the matrix is not needed afterwards. `reference`: a data set whose bins are used (validation rows). */
  createDataset(matrix: Float32Array, rows: number, columns: number, parameters: string, reference?: Handle): Handle;
  setFeatureNames(dataset: Handle, names: readonly string[]): void;
  setField(dataset: Handle, name: 'label' | 'weight', values: Float32Array): void;
  freeDataset(dataset: Handle): void;
  createBooster(dataset: Handle, parameters: string): Handle;
  addValidation(booster: Handle, dataset: Handle): void;
  /** One iteration. True: nothing more can be split. */
  update(booster: Handle): boolean;
  /** The first metric of the training rows (0) or of the first validation set (1). */
  evaluate(booster: Handle, dataIndex: number): number;
  iterations(booster: Handle): number;
  setLeafValue(booster: Handle, tree: number, leaf: number, value: number): void;
  importances(booster: Handle, iterations: number, type: 'split' | 'gain', columns: number): Float64Array;
  /** Raw outputs, `rows * outputs` values in row order. */
  predictRaw(booster: Handle, matrix: Float32Array, rows: number, columns: number, outputs: number): Float64Array;
  save(booster: Handle, iterations: number, path: string): void;
  freeBooster(booster: Handle): void;
}

/** INVALID_CONFIG when the file cannot be loaded as LightGBM's library. */
export function openNativeLibrary(path: string): NativeLibrary {
  const call = bind(path);
  const created = (make: (out: Handle[]) => void): Handle => {
    const out: Handle[] = [null];
    make(out);
    return out[0];
  };
  return {
    setMaxThreads: (threads) => call.SetMaxThreads(threads),
    createDataset: (matrix, rows, columns, parameters, reference = null) => created((out) => call.DatasetCreateFromMat(matrix, FLOAT32, rows, columns, ROW_MAJOR, parameters, reference, out)),
    setFeatureNames: (dataset, names) => call.DatasetSetFeatureNames(dataset, names, names.length),
    setField: (dataset, name, values) => call.DatasetSetField(dataset, name, values, values.length, FLOAT32),
    freeDataset: (dataset) => call.DatasetFree(dataset),
    createBooster: (dataset, parameters) => created((out) => call.BoosterCreate(dataset, parameters, out)),
    addValidation: (booster, dataset) => call.BoosterAddValidData(booster, dataset),
    update: (booster) => created((out) => call.BoosterUpdateOneIter(booster, out)) === 1,
    evaluate: (booster, dataIndex) => {
      const values = new Float64Array(8);
      call.BoosterGetEval(booster, dataIndex, [0], values);
      return values[0] ?? Number.NaN;
    },
    iterations: (booster) => Number(created((out) => call.BoosterGetCurrentIteration(booster, out))),
    setLeafValue: (booster, tree, leaf, value) => call.BoosterSetLeafValue(booster, tree, leaf, value),
    importances: (booster, iterations, type, columns) => {
      const values = new Float64Array(columns);
      call.BoosterFeatureImportance(booster, iterations, type === 'split' ? 0 : 1, values);
      return values;
    },
    predictRaw: (booster, matrix, rows, columns, outputs) => {
      const values = new Float64Array(rows * outputs);
      call.BoosterPredictForMat(booster, matrix, FLOAT32, rows, columns, ROW_MAJOR, 1, 0, -1, '', [0], values);
      return values;
    },
    save: (booster, iterations, file) => call.BoosterSaveModel(booster, 0, iterations, 0, file),
    freeBooster: (booster) => call.BoosterFree(booster),
  };
}

const PROTOTYPES = {
  SetMaxThreads: 'int threads',
  DatasetCreateFromMat: 'const void* data, int type, int rows, int columns, int rowMajor, const char* parameters, void* reference, _Out_ void** out',
  DatasetSetFeatureNames: 'void* dataset, const char** names, int count',
  DatasetSetField: 'void* dataset, const char* name, const void* data, int count, int type',
  DatasetFree: 'void* dataset',
  BoosterCreate: 'void* dataset, const char* parameters, _Out_ void** out',
  BoosterAddValidData: 'void* booster, void* dataset',
  BoosterUpdateOneIter: 'void* booster, _Out_ int* finished',
  BoosterGetEval: 'void* booster, int dataIndex, _Out_ int* count, _Out_ double* values',
  BoosterGetCurrentIteration: 'void* booster, _Out_ int* out',
  BoosterSetLeafValue: 'void* booster, int tree, int leaf, double value',
  BoosterFeatureImportance: 'void* booster, int iterations, int type, _Out_ double* out',
  BoosterPredictForMat: 'void* booster, const void* data, int type, int rows, int columns, int rowMajor, int predictType, int start, int iterations, const char* parameters, _Out_ int64_t* count, _Out_ double* out',
  BoosterSaveModel: 'void* booster, int start, int iterations, int importanceType, const char* path',
  BoosterFree: 'void* booster',
} as const;

type Calls = { readonly [K in keyof typeof PROTOTYPES]: (...args: readonly unknown[]) => void };

function bind(path: string): Calls {
  const library = load(path);
  const lastError = library.func('const char* LGBM_GetLastError()') as () => string;
  const checked = ([name, parameters]: [string, string]): [string, (...args: readonly unknown[]) => void] => {
    const native = library.func(`int LGBM_${name}(${parameters})`) as (...args: readonly unknown[]) => number;
    return [name, (...args) => {
      if (native(...args) !== 0) throw new PipelineError('TRAINING_FAILED', `LightGBM refused: ${lastError().trim()}`);
    }];
  };
  return Object.fromEntries(Object.entries(PROTOTYPES).map(checked)) as Calls;
}

function load(path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (cause) {
    throw new PipelineError('INVALID_CONFIG', `LightGBM's library ${path} cannot be loaded (${String(cause)}). Install it: scripts/install_tools.sh lightgbm (it needs the system's libgomp1).`, { cause });
  }
}
