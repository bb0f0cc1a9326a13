<?php
header('Content-Type: text/plain');
if (($_SERVER['PATH_INFO'] ?? '/') === '/old') {
    header('Location: ' . dirname($_SERVER['SCRIPT_NAME']), true, 301);
    exit;
}
echo 'Hello, ', file_get_contents('php://input') ?: 'PHP', "!\n";
