package clients_test

import (
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/interop/program"
)

// TestShells puts credentials into the environment of a shell, as the help of "onafed aws env"
// says, and runs a client in it.
func TestShells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gosdk := program.Build(t, ".", "./gosdk")
	for _, shell := range []struct{ name, script string }{
		{"sh", `eval "$("$ONAFED" aws env --token-file "$TOKEN")" && exec "$CLIENT"`},
		{"bash", `eval "$("$ONAFED" aws env --token-file "$TOKEN")" && exec "$CLIENT"`},
		{"fish", `$ONAFED aws env --shell fish --token-file $TOKEN | source; and exec $CLIENT`},
	} {
		t.Run(shell.name, func(t *testing.T) {
			t.Parallel()
			program.Need(t, shell.name)
			role := w.role(t, "shell-"+shell.name)
			w.putRole(t, role, time.Hour)
			cmd := exec.CommandContext(t.Context(), shell.name, "-c", shell.script)
			cmd.Env = w.environment(t.TempDir(), "AWS_ENDPOINT_URL_STS="+w.URL, "ONAFED="+w.Onafed, "TOKEN="+w.Token, "CLIENT="+gosdk, "IDP_AWS_ROLE_ARN="+role, "CALLS=1", "PAUSE=0")
			out, err := program.Run(cmd)
			if err != nil {
				t.Fatal(err)
			}
			var a answer
			if err := json.Unmarshal(out, &a); err != nil {
				t.Fatalf("%v: %s", err, program.Tail(string(out)))
			}
			checkAnswers(t, client{}, []answer{a}, role)
		})
	}
	t.Cleanup(func() { w.secrets.check(t) }) // after all shells have ended
}
