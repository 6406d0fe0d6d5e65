using System.Text;
using Beret.Checkpoints;

namespace Beret.Tests.Checkpoints;

/// <summary>Replacing files and folders: what is on the disk at every step is what a process killed there would leave.</summary>
public class AtomicReplacementTests
{
    [Fact]
    public void A_file_is_old_until_it_is_new()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.txt", "old");
        AtomicFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(path));
            stream.Dispose();
        });
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_file_whose_writer_fails_stays_old_and_nothing_is_left_over()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.txt", "old");
        Assert.Throws<InvalidDataException>(() => AtomicFile.Write(path, _ => throw new InvalidDataException()));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void What_a_killed_writer_left_is_overwritten()
    {
        using var folder = new TemporaryFolder();
        folder.Write(".x.txt.new", "a longer half of something");
        AtomicFile.Write(folder["x.txt"], stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(folder["x.txt"]));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void The_file_before_is_kept_where_that_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        foreach (var text in (string[])["one", "two", "three"])
        {
            AtomicFile.Write(folder["x.txt"], stream => stream.Write(Encoding.ASCII.GetBytes(text)), keepAs: "before.txt");
        }

        Assert.Equal(("three", "two"), (File.ReadAllText(folder["x.txt"]), File.ReadAllText(folder["before.txt"])));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);

        // A process that ended between the two changes of names has left one file under both.
        File.Delete(folder["before.txt"]);
        Assert.True(DurableStorage.TryLink(folder["x.txt"], folder["before.txt"]));
        AtomicFile.Write(folder["x.txt"], stream => stream.Write("four"u8), keepAs: "before.txt");
        Assert.Equal(("four", "three"), (File.ReadAllText(folder["x.txt"]), File.ReadAllText(folder["before.txt"])));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public void What_a_killed_writer_left_beside_a_folder_is_swept_away()
    {
        using var folder = new TemporaryFolder();
        folder.Write("run/x.txt", "new");
        folder.Write(".run.new/x.txt", "half");
        folder.Write(".run.old/x.txt", "old");
        folder.Write(".run.lock", "");
        AtomicFolder.Sweep(folder["run"]);
        Assert.Equal([folder["run"]], Directory.GetFileSystemEntries(folder.Path));
        Assert.Equal("new", File.ReadAllText(folder["run", "x.txt"]));
    }

    [Fact]
    public void A_second_writer_of_the_same_file_is_told_so()
    {
        using var folder = new TemporaryFolder();
        var path = folder["x.txt"];
        AtomicFile.Write(path, stream =>
        {
            var error = Assert.Throws<CheckpointException>(() => AtomicFile.Write(path, _ => { }));
            Assert.Contains("is being written by another process", error.Message);
            stream.Write("first"u8);
        });
        Assert.Equal("first", File.ReadAllText(path));
    }

    [Fact]
    public void A_file_in_no_folder_is_an_error_that_names_it()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<CheckpointException>(() => AtomicFile.Write(folder["absent", "x.txt"], _ => { }));
        Assert.Contains(folder["absent", "x.txt"], error.Message);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_folder_is_whole_at_every_step_whatever_ends_the_process(bool existsBefore, bool mayExchange)
    {
        using var disk = new TemporaryFolder();
        using var snapshots = new TemporaryFolder();
        var model = disk["model"];
        if (existsBefore)
        {
            Fill(model, "old");
        }

        var steps = 0;
        AtomicFolder.Write(model, temporary => Fill(temporary, "new"), drop: null, mayExchange, () => Copy(disk.Path, snapshots[$"{steps++}"]));

        Assert.True(steps >= 4);
        Assert.Equal("new", Contents(model));
        Assert.Equal([model], Directory.GetFileSystemEntries(disk.Path));
        for (var step = 0; step < steps; step++)
        {
            var survivor = snapshots[$"{step}", "model"];
            AtomicFolder.Recover(survivor);
            Assert.Contains(Contents(survivor), new[] { existsBefore ? "old" : null, "new" });

            // And the next run clears up whatever the killed one left.
            AtomicFolder.Write(survivor, temporary => Fill(temporary, "newer"), drop: null, mayExchange, afterStep: null);
            Assert.Equal("newer", Contents(survivor));
            Assert.Equal([survivor], Directory.GetFileSystemEntries(snapshots[$"{step}"]));
        }
    }

    [Fact]
    public void A_checkpoint_opens_after_a_kill_between_the_two_moves()
    {
        using var disk = new TemporaryFolder();
        var writer = new SafetensorsWriter();
        writer.Add("x", [1], new float[1]);
        Directory.CreateDirectory(disk[".model.old"]);
        writer.Write(disk[".model.old", "model.safetensors"]);
        using var checkpoint = Checkpoint.Open(disk["model"]);
        Assert.True(checkpoint.Contains("x"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Other_files_of_the_folder_stay_unless_they_are_dropped(bool mayExchange)
    {
        using var disk = new TemporaryFolder();
        Fill(disk["run"], "old");
        disk.Write("run/log.jsonl", "line 1\n");
        disk.Write("run/inner/deep/note.txt", "note");
        disk.Write("run/model-00001-of-00002.safetensors", "stale");
        using (var log = new StreamWriter(new FileStream(disk["run", "log.jsonl"], FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)))
        {
            AtomicFolder.Write(disk["run"], temporary => Fill(temporary, "new"), name => name.StartsWith("model-", StringComparison.Ordinal), mayExchange, null);
            log.Write("line 2\n");
        }

        Assert.Equal("new", Contents(disk["run"]));
        Assert.Equal("line 1\nline 2\n", File.ReadAllText(disk["run", "log.jsonl"]));
        Assert.Equal("note", File.ReadAllText(disk["run", "inner", "deep", "note.txt"]));
        Assert.False(File.Exists(disk["run", "model-00001-of-00002.safetensors"]));
    }

    [Fact]
    public void Behind_a_link_the_folder_is_replaced_and_the_link_stays()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets only administrators make links");
        using var disk = new TemporaryFolder();
        Fill(disk["big", "model"], "old");
        Directory.CreateSymbolicLink(disk["model"], disk["big", "model"]);
        AtomicFolder.Write(disk["model"], temporary => Fill(temporary, "new"));
        Assert.Equal("new", Contents(disk["big", "model"]));
        Assert.NotNull(new DirectoryInfo(disk["model"]).LinkTarget);
    }

    [Fact]
    public void A_folder_whose_writer_fails_stays_old_and_nothing_is_left_over()
    {
        using var disk = new TemporaryFolder();
        Fill(disk["model"], "old");
        Assert.Throws<InvalidDataException>(() => AtomicFolder.Write(disk["model"], temporary =>
        {
            Fill(temporary, "half");
            throw new InvalidDataException();
        }));
        Assert.Equal("old", Contents(disk["model"]));
        Assert.Equal([disk["model"]], Directory.GetFileSystemEntries(disk.Path));
    }

    [Fact]
    public void A_second_writer_of_the_same_folder_and_a_file_in_its_place_are_errors()
    {
        using var disk = new TemporaryFolder();
        AtomicFolder.Write(disk["model"], temporary =>
        {
            Assert.Contains("another process", Assert.Throws<CheckpointException>(() => AtomicFolder.Write(disk["model"], _ => { })).Message);
            Fill(temporary, "first");
        });
        Assert.Equal("first", Contents(disk["model"]));
        Assert.Contains("is a file", Assert.Throws<CheckpointException>(() => AtomicFolder.Write(disk["model", "a.txt"], _ => { })).Message);
    }

    [Fact]
    public void This_system_swaps_folders_in_one_step()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "only Linux and macOS have such a call");
        using var disk = new TemporaryFolder();
        Fill(disk["a"], "a");
        Fill(disk["b"], "b");
        Assert.True(DurableStorage.TryExchange(disk["a"], disk["b"]));
        Assert.Equal("b", Contents(disk["a"]));
        Assert.False(DurableStorage.TryExchange(disk["a"], disk["absent"]));
    }

    private static void Fill(string folder, string contents)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "a.txt"), contents);
        Directory.CreateDirectory(Path.Combine(folder, "tokenizer"));
        File.WriteAllText(Path.Combine(folder, "tokenizer", "b.txt"), contents);
    }

    // What all files of the folder say; null where there is no folder.
    private static string? Contents(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var a = File.ReadAllText(Path.Combine(folder, "a.txt"));
        Assert.Equal(a, File.ReadAllText(Path.Combine(folder, "tokenizer", "b.txt")));
        return a;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var inner in Directory.GetDirectories(from))
        {
            Copy(inner, Path.Combine(to, Path.GetFileName(inner)));
        }
    }
}
