# Reads a byte, then does what Http_X_Do says; mostly reads on and prints what it finds, each entry with a NUL.
use strict;
use warnings;

$| = 1;
my $first = '';
sysread(STDIN, $first, 1);    # nothing is known of the request before
my ($verb, $argument) = split / /, ($ENV{Http_X_Do} // 'report') . ' ';
$argument //= '';

sub content {
    my ($path) = @_;
    open(my $file, '<', $path) or die "$path: $!";
    local $/;
    return scalar <$file>;
}

sub report {
    my $body = $first;
    while (sysread(STDIN, my $more, 65536)) { $body .= $more; }
    # "pid (name) S parent group session": the name has no blank.
    my @stat = split / /, content('/proc/self/stat');
    opendir(my $folder, '/proc/self/fd') or die $!;
    my @open = grep { (readlink("/proc/self/fd/$_") // '/fd') !~ m{/fd$} } readdir($folder);
    closedir($folder);
    my @signals = content('/proc/self/status') =~ /^((?:SigBlk|SigIgn|Threads).*)$/mg;
    # What should not be there is named.
    my @named = map { $_ > 2 ? "$_: " . readlink("/proc/self/fd/$_") : $_ } @open;
    my %facts = (
        length => length $body, sum => unpack('%32C*', $body), arguments => "@ARGV", folder => $ENV{PWD} // '',
        leads => $stat[0] == $stat[4] && $stat[0] == $stat[5], parent => getppid(), descriptors => "@named",
        pid => $$ == $stat[0], signals => "@signals", limits => content('/proc/self/limits'));
    print "fact $_=$facts{$_}\0" for sort keys %facts;
    print "own $_=$ENV{$_}\0" for sort keys %ENV;
    system('env', '-0') if $argument eq 'child';
}

if ($verb eq 'report') { report(); }
elsif ($verb eq 'part') { print 'read ', length $first, " byte and no more\n"; }
elsif ($verb eq 'exit') { exit $argument; }
elsif ($verb eq 'half') { print "half\n"; exit $argument; }
elsif ($verb eq 'kill') { kill $argument, $$; }
elsif ($verb eq 'say') { print STDERR "line $_ of $ENV{Http_X_Tag}\n" for 0 .. $argument - 1; print "said\n"; }
elsif ($verb eq 'print') { print 'x' x $argument; }
elsif ($verb eq 'hang') { sleep 600; }
