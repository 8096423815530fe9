// Command fleet simulates a fleet of providers for a day, in virtual time:
//
//	go run ./fleet
//
// It writes a table and a chart to results/ for awsfed.Provider and aws.CredentialsCache, both with their
// real code: how many calls STS gets, how many calls of the fleet fail in an outage of STS, and how long
// the recovery takes.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := simulate(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		stop()
		os.Exit(1)
	}
}

// plans returns the plans of a run.
func plans(providers int, total time.Duration) []Plan {
	p := Plan{
		Providers: providers, Waves: 1, Every: 10 * time.Second, Total: total,
		// Around the time when the credentials of a fleet that started together expire, unless the refreshes
		// are spread.
		Outage: total/2 - 2*time.Minute, Down: 10 * time.Minute, Seed: 1,
	}
	together, waves := p, p
	together.Name = "started together"
	waves.Name, waves.Waves, waves.WaveStep = "started in ten waves, 6 min apart", 10, 6*time.Minute
	return []Plan{together, waves}
}

func simulate(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("fleet", flag.ContinueOnError)
	providers := fs.Int("providers", 100_000, "number of providers")
	folder := fs.String("out", "results", "folder for the table and the chart")
	if err := fs.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "onafed-fleet-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "results.json")
	begin := time.Now()
	// Virtual time exists only in tests.
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=2h", "-v", "-run=^TestFleet$", "./fleet",
		"-args", "-out="+file, "-providers="+strconv.Itoa(*providers))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	testErr := cmd.Run()
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%w (go test: %w)", err, testErr)
	}
	var results []Result
	if err := json.Unmarshal(data, &results); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "simulated in %v\n\n", time.Since(begin).Round(time.Second))
	doc := document(results)
	fmt.Print(doc)
	if err := os.MkdirAll(*folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*folder, "fleet.md"), []byte(doc), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(*folder, "fleet.svg"), chart(results), 0o644)
}
