package jose_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"sync"
	"testing"

	"github.com/onafed/onafed/internal/interop/program"
)

// A node is a process with npm's jose.
type node struct {
	mu  sync.Mutex // held during one request
	in  io.Writer
	out *bufio.Scanner
	log *program.Buffer
}

func newNode(t *testing.T) *node {
	t.Helper()
	program.Need(t, "node", "../node_modules/jose")
	cmd := exec.Command("node", "jose.mjs")
	n := &node{log: new(program.Buffer)}
	cmd.Stderr = n.log
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.in, n.out = in, bufio.NewScanner(out)
	n.out.Buffer(nil, 1<<20)
	p, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

type nodeAnswer struct {
	Claims map[string]any    `json:"claims"`
	Keys   []json.RawMessage `json:"keys"`
	Token  string            `json:"token"`
	Error  string            `json:"error"`
}

func (n *node) ask(question map[string]any) (nodeAnswer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line, err := json.Marshal(question)
	if err != nil {
		return nodeAnswer{}, err
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		return nodeAnswer{}, err
	}
	if !n.out.Scan() {
		return nodeAnswer{}, errors.New("node ended: " + program.Tail(n.log.String()))
	}
	var a nodeAnswer
	if err := json.Unmarshal(n.out.Bytes(), &a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// verify verifies a token.
func (n *node) verify(_ context.Context, issuer, token string) (string, error) {
	a, err := n.ask(map[string]any{"op": "verify", "token": token, "issuer": issuer, "audience": audience, "algorithms": algorithms})
	sub, _ := a.Claims["sub"].(string)
	return sub, err
}
