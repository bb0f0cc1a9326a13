<?php
// Reads a byte, then does what Http_X_Do says; mostly reads on and prints what it finds, each entry with a NUL.
$first = fread(STDIN, 1);  // nothing is known of the request before
$began = time();
[$verb, $argument] = explode(' ', (getenv('Http_X_Do') ?: 'report') . ' ');

function report(string $first, string $argument): void
{
    $body = $first . stream_get_contents(STDIN);
    // "pid (name) S parent group session": the name has no blank.
    $stat = explode(' ', file_get_contents('/proc/self/stat'));
    $open = array_filter(scandir('/proc/self/fd'), fn($fd) => is_numeric($fd) && @readlink("/proc/self/fd/$fd"));
    preg_match_all('/^(?:SigBlk|SigIgn|Threads).*$/m', file_get_contents('/proc/self/status'), $signals);
    $facts = ['length' => strlen($body), 'sum' => md5($body), 'arguments' => json_encode($GLOBALS['argv']),
        'folder' => getcwd(), 'leads' => json_encode($stat[0] == $stat[4] && $stat[0] == $stat[5]),
        'parent' => $stat[3], 'descriptors' => implode(' ', $open), 'pid' => json_encode($stat[0] == getmypid()),
        'signals' => json_encode($signals[0]), 'limits' => file_get_contents('/proc/self/limits'),
        'now' => json_encode(abs($_SERVER['REQUEST_TIME'] - $GLOBALS['began']) <= 2),
        'exactly' => json_encode(abs($_SERVER['REQUEST_TIME_FLOAT'] - $GLOBALS['began']) <= 3)];
    foreach ($facts as $name => $value) {
        echo "fact $name=$value\0";
    }
    foreach (getenv() as $name => $value) {
        echo "own $name=$value\0";
    }
    foreach (['server' => $_SERVER, 'env' => $_ENV] as $kind => $variables) {
        foreach ($variables as $name => $value) {
            if (!in_array($name, ['argv', 'argc', 'REQUEST_TIME', 'REQUEST_TIME_FLOAT'], true)) {
                echo "$kind $name=$value\0";
            }
        }
    }
    if ($argument == 'child') {
        passthru('env -0');
    }
}

match ($verb) {
    'report' => report($first, $argument),
    'part' => print('read ' . strlen($first) . " byte and no more\n"),
    'exit' => exit((int)$argument),
    'half' => print("half\n") && exit((int)$argument),
    'kill' => passthru("kill -$argument " . getmypid()),
    'say' => (function () use ($argument) {
        for ($number = 0; $number < $argument; ++$number) {
            fwrite(STDERR, "line $number of {$_SERVER['Http_X_Tag']}\n");
        }
        echo "said\n";
    })(),
    'print' => print(str_repeat('x', (int)$argument)),
    'hang' => sleep(600),
};
