package exit

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// UntilSignal returns the context of a command that runs until a signal and then has files to
// remove. The second signal ends the program at once. A SIGHUP that is ignored, as by nohup, stays
// ignored.
//
// Other commands do not use it: the signal ends them directly, and every file that they write is
// complete at any time.
func UntilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	// With this registration a write to a closed pipe fails with an error. Without it, the write
	// would end the program before it removes its files. The signal itself needs no reader.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(ctx, signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
