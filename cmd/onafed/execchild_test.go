package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// lastSignal is the text of SIGUSR2.
const lastSignal = "user defined signal 2"

// childProgram is the program that "aws exec" runs in tests.
func childProgram() {
	got := make(chan os.Signal, 100)
	signal.Notify(got, childSignals()...)
	fmt.Println("ready", os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
	switch os.Args[1] {
	case "signals": // prints each signal, and ends after SIGUSR2
		for s := range got {
			fmt.Println(s)
			if s.String() == lastSignal {
				return
			}
		}
	case "keys": // prints each new access key until the third
		last := ""
		for n := 0; n < 3; {
			key, err := accessKey()
			if err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			if key != last {
				fmt.Println(key)
				last = key
				n++
			}
			<-time.After(50 * time.Millisecond)
		}
	}
}

// accessKey asks the endpoint of the environment.
func accessKey() (string, error) {
	req, err := http.NewRequest(http.MethodGet, os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var c struct{ AccessKeyID, Expiration string }
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		return "", err
	}
	expires, err := time.Parse(time.RFC3339, c.Expiration)
	if err != nil || time.Until(expires) < -time.Second { // the text has whole seconds
		return "", fmt.Errorf("expired credentials: %q, %w", c.Expiration, err)
	}
	return c.AccessKeyID, nil
}

// eventually waits up to 20 seconds for a condition.
func eventually(tb testing.TB, failure string, ok func() bool) {
	tb.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatal(failure)
		}
	}
}

// servers returns the server processes of "aws exec" with a home folder. Without /proc there are
// none.
func servers(tb testing.TB, home string) (pids []string) {
	tb.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range files {
		args, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(args), "--serve-for=") {
			continue
		}
		env, err := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if err == nil && strings.Contains("\x00"+string(env), "\x00HOME="+home+"\x00") {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// noServer requires that the servers of "aws exec" of a script have ended.
func noServer(ts *testscript.TestScript, _ bool, _ []string) {
	tb := ts.Value(tbKey{}).(testing.TB)
	eventually(tb, "a server process is still there", func() bool { return len(servers(tb, ts.Getenv("WORK"))) == 0 })
}
