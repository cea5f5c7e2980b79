package dev.lockstep.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The program.
@Command(
        name = "lockstep",
        description = "A folder that is the same on every node.",
        mixinStandardHelpOptions = true,
        version = "lockstep 0.1.0",
        subcommands = {
            DemoCommand.class,
            NodeCommand.class,
            StatusCommand.class,
            SyncCommand.class,
            VerifyCommand.class,
            ListCommand.class,
            LogCommand.class,
            CatCommand.class,
            RestoreCommand.class,
            ConflictsCommand.class,
            MembersCommand.class,
            TransferLeaderCommand.class,
            ResumeCommand.class
        })
public final class Lockstep {
    private Lockstep() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Lockstep()).execute(arguments));
    }
}
