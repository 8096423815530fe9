//go:build unix

package child

import (
	"os/exec"
	"testing"
	"time"
)

// TestWatch waits for a process with each mechanism.
func TestWatch(t *testing.T) {
	t.Parallel()
	for name, watch := range map[string]func(int) (func(), error){"watch": watch, "poll": poll} {
		cmd := exec.CommandContext(t.Context(), "cat")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait, err := watch(cmd.Process.Pid)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ended := make(chan struct{})
		go func() {
			wait()
			close(ended)
		}()
		select {
		case <-ended:
			t.Errorf("%s: it does not wait", name)
		case <-time.After(2 * pollInterval):
		}
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		<-ended
		if _, err := watch(cmd.Process.Pid); err == nil {
			t.Errorf("%s: no error for a process that has ended", name)
		}
	}
}
