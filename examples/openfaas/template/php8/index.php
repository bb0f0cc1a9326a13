<?php
// composer.json says where classes are; without one, and in functions of before, the handler is where it was.
foreach (['vendor/autoload.php', 'src/Handler.php', 'Handler.php'] as $file) {
    if (!class_exists(App\Handler::class) && is_file(__DIR__ . "/function/$file")) {
        require __DIR__ . "/function/$file";
    }
}
echo (new App\Handler())->handle(file_get_contents('php://stdin'));
