//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// agentGuide is the guide for coding agents.
const agentGuide = "../../docs/coding-agents.md"

// TestAgentGuide runs the commands of the guide that use this program, with the policy in the guide
// as task.json. The output must be the one in the guide.
func TestAgentGuide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	guide := readFile(t, agentGuide)
	writeAgentFiles(t, w, dir, guide)
	commands := regexp.MustCompile("(?s)```console\n\\$ (onafed .*?[^\\\\]\n)(.*?)```").FindAllStringSubmatch(guide, -1)
	if len(commands) != 3 {
		t.Fatalf("the guide has %d commands, want 3", len(commands))
	}
	for _, c := range commands {
		line, want := c[1], c[2]
		cmd := command(t, t.Context(), w, dir, nil)
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line}
		cmd.Env = append(cmd.Env, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "ONA_TOKEN="+testAPIKey, "ONA_HOST=example.com")
		var messages strings.Builder
		cmd.Stderr = &messages
		out, err := cmd.Output()
		if err != nil || string(out) != want || messages.Len() > 0 {
			t.Errorf("%s%s%s%v, want %q", line, out, messages.String(), err, want)
		}
		w.mu.Lock()
		sent := w.sent
		w.mu.Unlock()
		byFile, byARN := strings.Contains(sent.Get("Policy"), "builds/task-42"), sent.Get("PolicyArns.member.1.arn")
		if byFile != strings.Contains(line, "--policy-file task.json") || byARN != "" != strings.Contains(line, "--policy-arn "+byARN) {
			t.Errorf("%s: STS got the policies %q and %q", line, sent.Get("Policy"), byARN)
		}
		if !strings.Contains(line, "./agent") {
			continue
		}
		agent := readFile(t, filepath.Join(dir, "agent.out"))
		if !strings.Contains(agent, ":assumed-role/deploy/") || strings.Contains(agent, testAPIKey) == strings.Contains(line, "-u ONA_TOKEN") {
			t.Errorf("%s: the agent has %q", line, agent)
		}
	}
}

// writeAgentFiles writes the policy of the guide, and the programs of its commands: aws prints its
// identity, and the agent writes its identity and its token of Ona to a file.
func writeAgentFiles(t *testing.T, w *world, dir, guide string) {
	t.Helper()
	policy := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(guide)
	if policy == nil {
		t.Fatal("the guide has no policy")
	}
	sdk, err := exec.LookPath("sdk")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"ca.pem":    string(w.ca),
		"task.json": policy[1],
		"bin/aws":   "#!/bin/sh\ntest \"$*\" = 'sts get-caller-identity --query Arn --output text' && exec '" + sdk + "'\n",
		"agent":     "#!/bin/sh\ntest \"$*\" = '--task 42' && '" + sdk + "' >agent.out && echo \"$ONA_TOKEN\" >>agent.out\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}
