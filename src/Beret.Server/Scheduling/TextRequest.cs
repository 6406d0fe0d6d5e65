using Beret.Tokens;

namespace Beret.Server.Scheduling;

/// <summary>The texts that one client wants answered together. Each of them ends once: answered, failed or withdrawn.</summary>
internal sealed class TextRequest
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TextOutcome[] outcomes;
    private readonly Action? ended;
    private int left;

    /// <param name="model">Who answers.</param>
    /// <param name="texts">At least one; their memory becomes the request's.</param>
    /// <param name="client">Whose turn it is when it is this request's.</param>
    /// <param name="ended">Called once, when no text is left that could still be computed.</param>
    public TextRequest(IBatchModel model, IReadOnlyList<EncodedText> texts, string client, Action? ended = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(texts.Count);
        Model = model;
        Client = client;
        Texts = [.. texts.Select((text, i) => new QueuedText(this, i, text))];
        Tokens = Texts.Sum(text => (long)text.Tokens);
        outcomes = new TextOutcome[texts.Count];
        left = texts.Count;
        this.ended = ended;
    }

    public IBatchModel Model { get; }

    public string Client { get; }

    public IReadOnlyList<QueuedText> Texts { get; }

    /// <summary>Tokens of all texts.</summary>
    public long Tokens { get; }

    /// <summary>Ends when every text has.</summary>
    public Task Completion => completion.Task;

    /// <summary>What became of the texts, in their order; once <see cref="Completion"/> has ended.</summary>
    public IReadOnlyList<TextOutcome> Outcomes => outcomes;

    /// <summary>A text has ended; its memory goes back.</summary>
    public void End(QueuedText text, TextOutcome outcome)
    {
        outcomes[text.Index] = outcome;
        text.Encoded.Return();
        if (Interlocked.Decrement(ref left) == 0)
        {
            ended?.Invoke();
            completion.SetResult();
        }
    }
}
