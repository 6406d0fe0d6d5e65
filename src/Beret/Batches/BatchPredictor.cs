using System.Diagnostics;
using System.Globalization;
using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;

namespace Beret.Batches;

/// <summary>
/// Answers a file of texts of any size into another file, in the order of the rows and in constant memory. Texts of like length are computed together. However it ends, by a signal or a
/// loss of power, it goes on behind the last row whose answer is on the disk: none is lost, and none is there twice.
/// </summary>
public sealed class BatchPredictor
{
    // What is computed between two writes: the longer, the more texts of like length; the shorter, the less is done again.
    private const int ChunkRows = 1024;
    private const int ChunkCharacters = 4 << 20;
    private const string ProbeText = "The quick brown fox jumps over the lazy dog; 1984 was a fine year, wasn't it?";

    private readonly Classifier classifier;
    private readonly BatchJob job;
    private readonly AnswerFormat format;
    private readonly string part;
    private readonly string statePath;

    /// <summary>Creates a predictor for one file.</summary>
    /// <param name="classifier">The model.</param>
    /// <param name="job">Where from and where to.</param>
    /// <exception cref="BatchException">The output's form cannot hold the answers, or the shard is none.</exception>
    public BatchPredictor(Classifier classifier, BatchJob job)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(job);
        if (job.Shard.Count < 1 || job.Shard.Number < 1 || job.Shard.Number > job.Shard.Count)
        {
            throw new BatchException($"there is no shard {job.Shard.Number} of {job.Shard.Count}: shards count from 1");
        }

        this.classifier = classifier;
        this.job = job;
        format = AnswerFormat.Of(job, classifier.Description);
        (part, statePath) = ($"{job.Output}.part", $"{job.Output}.state");
    }

    /// <summary>Answers all rows, or as many as there is time for until it is cancelled.</summary>
    /// <param name="progress">Told after each chunk.</param>
    /// <param name="cancellation">Ends it; what is on the disk by then stays.</param>
    /// <exception cref="BeretException">The input cannot be read, the output cannot be written or is there, or what is to be gone on with is of other work.</exception>
    public BatchSummary Run(IProgress<BatchProgress>? progress = null, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(job.Output))!;
            Directory.CreateDirectory(folder);
            using var claim = FileLock.TryAcquire(Path.Combine(folder, $".{Path.GetFileName(job.Output)}.lock"), deleteAfter: true)
                ?? throw new BatchException($"another process is writing {job.Output}: wait for its end, or choose another file (--output)");
            var state = Open();
            if (state is null)
            {
                return new BatchSummary(0, 0, 0, 0, IsInterrupted: false);
            }

            var before = state.Count;
            using (var output = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 1 << 16))
            {
                if (output.Length < state.Bytes)
                {
                    throw new BatchException($"{part} is shorter than {statePath} says: begin anew (--overwrite)");
                }

                output.SetLength(state.Bytes);
                output.Position = state.Bytes;
                if (state.Bytes == 0)
                {
                    format.WriteHeader(output);
                }

                try
                {
                    state = Answer(state, output, clock, progress, cancellation);
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                {
                    return new BatchSummary(BatchState.Read(statePath).Count, before, job.Input.FaultCount, clock.Elapsed.TotalSeconds, IsInterrupted: true);
                }

                output.Flush(flushToDisk: true);
            }

            File.Move(part, job.Output, overwrite: true);
            DurableStorage.FlushFolder(folder);
            File.Delete(statePath);
            return new BatchSummary(state.Count, before, job.Input.FaultCount, clock.Elapsed.TotalSeconds, IsInterrupted: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BatchException($"{job.Output} cannot be written: {error.Message}. What is written so far stays; go on with --resume.", error);
        }
    }

    /// <summary>What to go on with, or a beginning; null where all is done.</summary>
    private BatchState? Open()
    {
        var fresh = new BatchState
        {
            Work = new Dictionary<string, string>
            {
                ["input"] = job.Input.Name,
                ["input format"] = job.Input.Format.ToString(),
                ["size of the input"] = job.Input.Size.ToString(CultureInfo.InvariantCulture),
                ["text columns"] = job.Input.TextsAt,
                ["name of the answers"] = job.Name,
                ["shard"] = $"{job.Shard.Number}/{job.Shard.Count}",
            },
            Probe = classifier.Predict(ProbeText).Logits,
        };
        var isBegun = File.Exists(statePath);
        if (job.Overwrite)
        {
            File.Delete(statePath);
            File.Delete(part);
        }
        else if (job.Resume && isBegun)
        {
            var state = BatchState.Read(statePath);
            state.Match(fresh, statePath);
            return File.Exists(part) || state.Bytes == 0 ? state
                : File.Exists(job.Output) ? Finished()
                : throw new BatchException($"{statePath} is there, and {part} is not: begin anew (--overwrite)");
        }
        else if (File.Exists(job.Output))
        {
            return job.Resume ? null : throw new BatchException($"{job.Output} is there already: choose another file, or replace it (--overwrite)");
        }
        else if (isBegun)
        {
            throw new BatchException($"{job.Output} was begun: go on with it (--resume), or begin anew (--overwrite)");
        }

        fresh.Write(statePath);
        return fresh;

        BatchState? Finished()
        {
            // It ended between its last two acts.
            File.Delete(statePath);
            return null;
        }
    }

    private BatchState Answer(BatchState state, FileStream output, Stopwatch clock, IProgress<BatchProgress>? progress, CancellationToken cancellation)
    {
        var chunk = new List<InputRecord>(ChunkRows);
        var (characters, before, start, first) = (0L, state.Count, clock.Elapsed, (double?)null);
        foreach (var record in job.Input.Read(cancellation))
        {
            if (record.Row <= state.Row || !job.Has(record.Row))
            {
                continue;
            }

            if (chunk.Count == 0 && first is null)
            {
                (first, start) = (job.Input.Fraction, clock.Elapsed);
            }

            chunk.Add(record);
            characters += record.Text.Length + (record.Pair?.Length ?? 0);
            if (chunk.Count == ChunkRows || characters >= ChunkCharacters)
            {
                state = Write();
            }
        }

        return chunk.Count > 0 ? Write() : state;

        BatchState Write()
        {
            var predictions = classifier.Predict([.. chunk.Select(record => new TextPair(record.Text, record.Pair))], cancellation);
            foreach (var (record, prediction) in chunk.Zip(predictions))
            {
                format.Write(output, record, prediction);
            }

            output.Flush(flushToDisk: true);
            var next = state with { Row = chunk[^1].Row, Count = state.Count + chunk.Count, Bytes = output.Position };
            next.Write(statePath);
            chunk.Clear();
            characters = 0;
            progress?.Report(new BatchProgress(next.Count, job.Input.Fraction, first, (next.Count - before) / (clock.Elapsed - start).TotalSeconds));
            return next;
        }
    }
}
