package clients_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/interop/program"
)

// secrets holds the secrets of a test, and the texts that other users of the machine could read.
type secrets struct {
	mu      sync.Mutex // guards the fields below
	hidden  map[string]bool
	visible map[string]string // text -> where it was seen
}

// add adds a secret.
func (s *secrets) add(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden == nil {
		s.hidden = map[string]bool{}
	}
	if len(secret) >= 16 {
		s.hidden[secret] = true
	}
}

// said adds a program's output that would go to a log.
func (s *secrets) said(who, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.visible == nil {
		s.visible = map[string]string{}
	}
	s.visible[text] = "standard error of " + who
}

// watch reads the command lines of all processes repeatedly until ctx ends. Every user of a machine
// can do this.
func (s *secrets) watch(ctx context.Context) {
	for ctx.Err() == nil {
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil || len(text) == 0 {
				continue // the process has ended
			}
			s.mu.Lock()
			if s.visible == nil {
				s.visible = map[string]string{}
			}
			s.visible[string(text)] = "a command line"
			s.mu.Unlock()
		}
		select {
		case <-ctx.Done():
		case <-time.After(30 * time.Millisecond):
		}
	}
}

var secretForms = map[string]*regexp.Regexp{
	"an ID token":           regexp.MustCompile(`eyJ[A-Za-z0-9_-]{20,}\.`),
	"keys of the STS":       regexp.MustCompile(`ASIATESTONAFED[A-Z2-7]+\x00`),
	"keys as a shell reads": regexp.MustCompile(`AWS_(SECRET_ACCESS_KEY|SESSION_TOKEN)=`),
}

// found returns where each visible secret was seen, without the secret.
func (s *secrets) found() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for text, where := range s.visible {
		for what, form := range secretForms {
			if where == "a command line" && form.MatchString(text) {
				found = append(found, fmt.Sprintf("%s is on %s of %q", what, where, strings.SplitN(text, "\x00", 2)[0]))
			}
		}
		for secret := range s.hidden {
			if strings.Contains(text, secret) {
				found = append(found, fmt.Sprintf("a secret of %d characters is on %s", len(secret), where))
			}
		}
	}
	return found
}

// check fails the test for each visible secret.
func (s *secrets) check(t *testing.T) {
	t.Helper()
	for _, f := range s.found() {
		t.Error(f)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Logf("%d secrets in none of %d command lines and outputs", len(s.hidden), len(s.visible))
}

// The watcher finds a secret on the command line of another process.
func TestVisibleSecretsAreFound(t *testing.T) {
	t.Parallel()
	var s secrets
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		s.watch(ctx)
		close(watched)
	}()
	const secret = "a-secret-that-is-made-for-this-test"
	s.add(secret)
	careless, err := program.Start(exec.Command("sh", "-c", "sleep 30; :", secret))
	if err != nil {
		t.Fatal(err)
	}
	defer careless.Stop()
	wait(t, func() bool { return len(s.found()) > 0 }, func() string { return "it was not seen" }, careless.Done())
	cancel()
	<-watched
}
