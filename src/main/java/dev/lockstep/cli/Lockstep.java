package dev.lockstep.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The program.
@Command(
        name = "lockstep",
        description = "A folder that is the same on every node.",
        mixinStandardHelpOptions = true,
        version = "lockstep 0.1.0",
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "%nExit status%n",
        footer = {
            "  0  done",
            "  1  failed, or what was asked for does not hold",
            "  2  wrong usage",
            "  3  no node answers",
            "  4  not done in time"
        },
        subcommands = {
            CommandLine.HelpCommand.class,
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
            ResumeCommand.class,
            TrainCommand.class
        })
public final class Lockstep {
    private Lockstep() {}

    public static void main(String[] arguments) {
        CommandLine line = new CommandLine(new Lockstep());
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            System.err.println("lockstep: this should not have happened; please report it: " + failure);
            failure.printStackTrace();
            return ExitCode.FAILED;
        });
        System.exit(line.execute(arguments));
    }
}
