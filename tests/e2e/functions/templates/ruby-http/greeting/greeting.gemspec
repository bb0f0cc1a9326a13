Gem::Specification.new do |gem|
  gem.name = 'greeting'
  gem.version = '1.0'
  gem.summary = 'What a test finds'
  gem.authors = ['fwatchdog']
  gem.files = ['lib/greeting.rb']
end
