package idp_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// command runs this program as the command of a test (see TestMain) and returns the exit status.
func command(what string) int {
	valid := rawToken(inAnHour(), nil)
	switch what {
	case "token":
		fmt.Println(valid)
	case "vendor": // like "ona idp token"; the audience contains the arguments and the guard for the test
		fmt.Println(rawToken(inAnHour(), map[string]any{"aud": os.Args[len(os.Args)-1], "name": strings.Join(os.Args[1:], " ") + " " + os.Getenv("ONAFED_TOKEN_COMMAND")}))
	case "arguments":
		fmt.Println(rawToken(inAnHour(), map[string]any{"name": strings.Join(os.Args[1:], "|") + "|" + os.Getenv("EXTRA")}))
	case "expired":
		fmt.Println(rawToken(time.Now().Add(-time.Minute), nil))
	case "fails":
		// A careless program writes its token to standard error with the reason of the failure.
		fmt.Println(valid)
		fmt.Fprintf(os.Stderr, "debug: token is %s\nnot logged in\x1b[31m\n", valid)
		return 3
	case "loud":
		fmt.Fprint(os.Stderr, strings.Repeat("noise ", 1<<16), "the reason")
		return 1
	case "silent":
		fmt.Fprintln(os.Stderr, "nothing to say")
	case "api token":
		fmt.Println("ona_pat_0123456789")
	case "floods":
		for {
			if _, err := fmt.Println(strings.Repeat("a", 1000)); err != nil {
				return 1
			}
		}
	case "hangs":
		time.Sleep(time.Hour) // select {} would be a deadlock that the runtime detects
	case "leaves a child":
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "IDP_TEST_COMMAND=sleeps")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			return 1
		}
		fmt.Println(valid)
	case "sleeps":
		time.Sleep(time.Minute)
	case "reads":
		n, err := os.Stdin.Read(make([]byte, 1))
		fmt.Fprintln(os.Stderr, "read", n, err)
		return 1
	}
	return 0
}
