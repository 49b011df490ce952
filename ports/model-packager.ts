import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';

export interface PackageRequest {
  readonly artifact: WrappedArtifact;
  /** As the tracker gives them to `LoggedModelRequest.writeFiles`. */
  readonly modelId: string;
  readonly runId: string;
  readonly artifactUri: string;
  readonly createdMillis: number;
  /** The whole graph, a local file; copied to `model.onnx`. */
  readonly onnxFile: string;
  /** The library's own files, local; copied under their base names, which are those of `artifact.estimator.libraryFiles`. */
  readonly libraryFiles: readonly string[];
  /** Relative path in the folder -> local file: plots and the like. */
  readonly extraFiles?: Readonly<Record<string, string>>;
}

export interface PackagedModel {
  readonly artifact: WrappedArtifact;
  readonly modelId: string;
  readonly runId: string;
  /** Local path of `model.onnx`. */
  readonly onnxFile: string;
}

/** The wrapped artifact as files: a model folder that MLflow loads and that is read back here. */
export interface ModelPackager {
  /** Fills an empty local folder. INVALID_INPUT with every problem of the request; nothing is written then. */
  write(folder: string, request: PackageRequest): Promise<void>;
  /** UNSUPPORTED: a model that this project did not write, or a later version of it did. INVALID_DATA: a file is missing or broken. */
  read(folder: string): Promise<PackagedModel>;
}
