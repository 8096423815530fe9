// Command platforms runs the tests of the module on other systems, and prints a table. From the
// folder of the module:
//
//	go run ./internal/platforms                # all platforms
//	go run ./internal/platforms wine 386       # only these
//	go run ./internal/platforms -packages "./idp/... ./awsfed/export" wine
//	go run ./internal/platforms -list
//
// The file exceptions.txt lists the tests that a platform cannot run, with the reason. These tests
// are left out. A run fails if a test fails, and also if a listed test now passes, skips itself, or
// does not exist.
//
// A platform whose programs are not installed is left out, and the run says so. With
// ONAFED_INTEROP=required it fails instead. "CI=true .ci/install" installs the programs.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "platforms:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("platforms", flag.ContinueOnError)
	patterns := flags.String("packages", "./...", "the packages to test, separated by blanks")
	list := flags.Bool("list", false, "print the platforms and exit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all := platforms()
	if *list {
		for _, p := range all {
			fmt.Fprintf(out, "%-8s %s\n", p.name, p.text)
		}
		return nil
	}
	selected, err := choose(all, flags.Args())
	if err != nil {
		return err
	}
	exceptions, err := parseExceptions(exceptionsFile)
	if err != nil {
		return err
	}
	for _, e := range exceptions {
		if e.platform != emulated && !slices.ContainsFunc(all, func(p platform) bool { return p.name == e.platform }) {
			return fmt.Errorf("exceptions.txt:%d: no platform is named %q", e.line, e.platform)
		}
	}
	var results []*result
	for _, p := range selected {
		results = append(results, runPlatform(ctx, p, strings.Fields(*patterns), exceptions, out))
	}
	return report(out, results)
}

// choose returns the platforms with the given names, or all.
func choose(all []platform, names []string) ([]platform, error) {
	if len(names) == 0 {
		return all, nil
	}
	var selected []platform
	for _, name := range names {
		i := slices.IndexFunc(all, func(p platform) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no platform is named %q; -list prints the platforms", name)
		}
		selected = append(selected, all[i])
	}
	return selected, nil
}

// report prints a line for each platform. The error names the platforms that failed.
func report(out io.Writer, results []*result) error {
	var failed []string
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "platform\tpackages\tpassed\tfailed\tskipped\texceptions\tseconds\t")
	for _, r := range results {
		if r.leftOut == "" {
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%.0f\t\n", r.platform.name, r.packages, r.passed, r.failed, len(r.skipped), r.exceptions, r.elapsed.Round(time.Second).Seconds())
		}
		if !r.ok() {
			failed = append(failed, r.platform.name)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range results {
		if r.leftOut != "" {
			fmt.Fprintf(out, "left out: %s: %s\n", r.platform.name, r.leftOut)
		}
		for _, p := range r.problems {
			fmt.Fprintf(out, "%s: %s\n", r.platform.name, p)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, " "))
	}
	return nil
}
